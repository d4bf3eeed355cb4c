"""From a BatchCompute job description to a native Airflow graph.

Names are imported when first used: the plan knows nothing of Airflow and can be had without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .dag import job_to_dag as job_to_dag
    from .task_group import BatchComputeTaskGroup as BatchComputeTaskGroup

__all__ = ["BatchComputeTaskGroup", "job_to_dag"]


def __getattr__(name: str) -> Any:
    if name == "BatchComputeTaskGroup":
        from .task_group import BatchComputeTaskGroup

        return BatchComputeTaskGroup
    if name == "job_to_dag":
        from .dag import job_to_dag

        return job_to_dag
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
