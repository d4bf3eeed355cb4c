"""The BatchCompute trigger: waits until a job, task or instance has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_bcs.batchcompute.target import Target
from airflow_provider_bcs.triggers.state import StateTrigger

if TYPE_CHECKING:
    from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook


class BatchComputeTrigger(StateTrigger):
    """Waits for the end of a job, of one of its tasks, or of one instance of a task.

    :param job_id: the job
    :param task_name: wait for this task of it
    :param instance_id: wait for this instance of the task
    :param bcs_conn_id: the connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time after which waiting ends, in seconds; None for no end
    :param owns_job: stop the job when the task is marked, cleared or deleted while it waits
    """

    def __init__(
        self,
        job_id: str,
        task_name: str | None = None,
        instance_id: int | None = None,
        bcs_conn_id: str = "bcs_default",
        poll_interval: float = 10.0,
        deadline: float | None = None,
        owns_job: bool = False,
    ) -> None:
        super().__init__(Target(job_id, task_name, instance_id), bcs_conn_id, poll_interval, deadline, owns_job)

    def _hook(self) -> BatchComputeHook:
        from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook

        return BatchComputeHook(self.bcs_conn_id)
