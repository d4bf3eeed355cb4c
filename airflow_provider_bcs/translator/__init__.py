"""From a BatchCompute job description to a native Airflow graph.

Names are imported when first used: the plan knows nothing of Airflow and can be had without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_bcs.lazy import lazy_names

if TYPE_CHECKING:
    from .dag import job_to_dag as job_to_dag
    from .job_task_group import BatchComputeJobTaskGroup as BatchComputeJobTaskGroup
    from .task_group import BatchComputeTaskGroup as BatchComputeTaskGroup
    from .to_job import task_group_to_job as task_group_to_job

__all__, __getattr__ = lazy_names(
    __name__,
    {
        ".dag": "job_to_dag",
        ".job_task_group": "BatchComputeJobTaskGroup",
        ".task_group": "BatchComputeTaskGroup",
        ".to_job": "task_group_to_job",
    },
)
