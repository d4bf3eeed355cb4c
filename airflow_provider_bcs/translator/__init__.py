"""From a BatchCompute job description to an Airflow graph, and back.

``job_to_dag`` and ``BatchComputeTaskGroup`` make a graph of a job file; an execution says how its tasks run. Names are
imported when first used: a plan needs no Airflow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_bcs.lazy import lazy_names

if TYPE_CHECKING:
    from .dag import job_to_dag as job_to_dag
    from .execution.job_per_task import JobPerTask as JobPerTask
    from .execution.pai_dlc import PaiDlc as PaiDlc
    from .execution.protocol import Execution as Execution
    from .execution.single_job import SingleJob as SingleJob
    from .graph_arguments import GraphArguments as GraphArguments
    from .job_task_group import BatchComputeJobTaskGroup as BatchComputeJobTaskGroup
    from .plan import Plan as Plan
    from .task_group import BatchComputeTaskGroup as BatchComputeTaskGroup
    from .to_job import task_group_to_job as task_group_to_job

__all__, __getattr__ = lazy_names(
    __name__,
    {
        ".dag": "job_to_dag",
        ".execution.job_per_task": "JobPerTask",
        ".execution.pai_dlc": "PaiDlc",
        ".execution.protocol": "Execution",
        ".execution.single_job": "SingleJob",
        ".graph_arguments": "GraphArguments",
        ".job_task_group": "BatchComputeJobTaskGroup",
        ".plan": "Plan",
        ".task_group": "BatchComputeTaskGroup",
        ".to_job": "task_group_to_job",
    },
)
