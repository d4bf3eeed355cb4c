"""The BatchCompute trigger: waits until a job, task or instance has ended."""

from __future__ import annotations

from airflow_provider_bcs.batchcompute.target import Target
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.triggers.state import StateTrigger

__all__ = ["BatchComputeTrigger"]


class BatchComputeTrigger(StateTrigger):
    """Trigger that waits until a job, one of its tasks, or one instance of a task has ended.

    ::

        from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger

        trigger = BatchComputeTrigger("job-00000000", task_name="count", poll_interval=30)

    :param job_id: id of the job
    :param task_name: name of the task to wait for; None: the whole job
    :param instance_id: number of the task's instance to wait for, from 0; None: the whole task
    :param bcs_conn_id: id of the Airflow connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time at which the wait ends, in seconds; None: no deadline
    :param cancel_on_kill: stop the job when the task is marked, cleared or deleted while the trigger waits
    :param queue_deadline: POSIX time by which the job has to run, in seconds; None: it may wait for ever
    :raises ValueError: when ``instance_id`` is given without ``task_name``
    """

    hook_class = BatchComputeHook

    def __init__(
        self,
        job_id: str,
        task_name: str | None = None,
        instance_id: int | None = None,
        bcs_conn_id: str = "bcs_default",
        poll_interval: float = 10.0,
        deadline: float | None = None,
        cancel_on_kill: bool = False,
        queue_deadline: float | None = None,
    ) -> None:
        target = Target(job_id, task_name, instance_id)
        super().__init__(target, bcs_conn_id, poll_interval, deadline, cancel_on_kill, queue_deadline)
