"""The PAI-DLC triggers: wait until a job or pod has ended, and write the job's logs meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async

from airflow_provider_bcs.airflow_versions import mask
from airflow_provider_bcs.description.secrets import secret_values
from airflow_provider_bcs.dlc.target import JobTarget, PodTarget
from airflow_provider_bcs.triggers.state import StateTrigger

if TYPE_CHECKING:
    from airflow_provider_bcs.dlc.client import Client
    from airflow_provider_bcs.hooks.dlc import DlcHook


class _DlcTrigger(StateTrigger):
    def _hook(self) -> DlcHook:
        from airflow_provider_bcs.hooks.dlc import DlcHook

        return DlcHook(self.bcs_conn_id)


class DlcJobTrigger(_DlcTrigger):
    """Waits for the end of a job.

    :param job_id: the job
    :param log_limit: write the pods' logs to the task's log, at most so many lines an interval; 0 for none
    :param bcs_conn_id: the connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time after which waiting ends, in seconds; None for no end
    """

    def __init__(
        self,
        job_id: str,
        log_limit: int = 0,
        bcs_conn_id: str = "bcs_default",
        poll_interval: float = 10.0,
        deadline: float | None = None,
    ) -> None:
        super().__init__(JobTarget(job_id, log_limit), bcs_conn_id, poll_interval, deadline)
        self.target: JobTarget
        self.log_limit = log_limit

    async def _prepare(self, client: Client) -> None:
        if self.log_limit:
            # The triggerer is another process than the one that rendered the job.
            job = await asyncio.to_thread(client.get_job, self.target.job_id)
            # Airflow 3 tells its supervisor, over a connection that belongs to the event loop.
            await sync_to_async(mask)(list(secret_values(job.model_dump())))


class DlcPodTrigger(_DlcTrigger):
    """Waits for the end of a pod.

    :param job_id: its job
    :param pod_id: its PodId, or the part of it that follows the job's id
    :param bcs_conn_id: the connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time after which waiting ends, in seconds; None for no end
    """

    def __init__(
        self,
        job_id: str,
        pod_id: str,
        bcs_conn_id: str = "bcs_default",
        poll_interval: float = 10.0,
        deadline: float | None = None,
    ) -> None:
        super().__init__(PodTarget(job_id, pod_id), bcs_conn_id, poll_interval, deadline)
