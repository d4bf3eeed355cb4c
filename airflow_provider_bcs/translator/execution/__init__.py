"""Executions: the ways to run the tasks of a job, one file each.

An execution is an object for ``execution=`` of ``job_to_dag`` and ``BatchComputeTaskGroup``. Names are imported when
first used: a DAG file pays only for the operators of its own execution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_bcs.lazy import lazy_names

if TYPE_CHECKING:
    from .job_per_task import JobPerTask as JobPerTask
    from .pai_dlc import PaiDlc as PaiDlc
    from .protocol import Execution as Execution
    from .single_job import SingleJob as SingleJob

__all__, __getattr__ = lazy_names(
    __name__,
    {
        ".job_per_task": "JobPerTask",
        ".pai_dlc": "PaiDlc",
        ".protocol": "Execution",
        ".single_job": "SingleJob",
    },
)
