"""The PAI-DLC triggers: wait until a job or pod has ended, and write the job's logs meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from asgiref.sync import sync_to_async

from airflow_provider_bcs.airflow_versions import mask
from airflow_provider_bcs.description.secrets import secret_values
from airflow_provider_bcs.dlc.target import JobTarget, LoggingPoll, PodTarget
from airflow_provider_bcs.exceptions import AccessDeniedError, ApiError
from airflow_provider_bcs.masked_log import MaskedLog
from airflow_provider_bcs.triggers.state import StateTrigger
from airflow_provider_bcs.waiting.polling import PollResults
from airflow_provider_bcs.waiting.watcher import needs_reconnect

if TYPE_CHECKING:
    from airflow_provider_bcs.dlc.client import Client
    from airflow_provider_bcs.dlc.response import Job
    from airflow_provider_bcs.hooks.dlc import DlcHook
    from airflow_provider_bcs.waiting.polling import Status
    from airflow_provider_bcs.waiting.watcher import Watcher

T = TypeVar("T")


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
    :param owns_job: stop the job when the task is marked, cleared or deleted while it waits
    """

    def __init__(
        self,
        job_id: str,
        log_limit: int = 0,
        bcs_conn_id: str = "bcs_default",
        poll_interval: float = 10.0,
        deadline: float | None = None,
        owns_job: bool = False,
    ) -> None:
        super().__init__(JobTarget(job_id, log_limit), bcs_conn_id, poll_interval, deadline, owns_job)
        self.target: JobTarget
        self.log_limit = log_limit

    async def _end(self, watcher: Watcher) -> Status | None:
        if not self.log_limit:
            return await super()._end(watcher)
        # Logs are asked for pod by pod: in that there is nothing to share but the client.
        client = await self._client(watcher.client)
        if client is None:
            return None
        # The triggerer is another process than the one that rendered the job, and knows none of its secrets yet.
        poll = LoggingPoll(client, self.target, MaskedLog(self.log))
        while (described := await self._asked(watcher, poll, poll.fetch)) is None:
            if not await self._sleep(self.poll_interval):
                return None
        # Airflow 3 tells its supervisor, over a connection that belongs to the event loop.
        await sync_to_async(mask)(list(secret_values(described.model_dump())))
        while (job := await self._asked(watcher, poll, poll)) is None or not job.is_terminal:
            if not await self._sleep(poll.pause(self.poll_interval)):
                return poll.final_status
        return job

    async def _asked(self, watcher: Watcher, poll: LoggingPoll, ask: Callable[[], Job | None]) -> Job | None:
        """Ask; take another client when the connection may by now say something else."""
        refused = None
        try:
            found = await self._in_time(watcher.in_thread(ask))
        except AccessDeniedError as error:
            found, refused = None, error
        if needs_reconnect(poll.error):
            client = await self._client(partial(watcher.reconnect, poll.logs.client))
            if client is None:
                return None
            poll.logs.client = client
        return await self._in_time(watcher.in_thread(ask)) if refused else found

    async def _client(self, connect: Callable[[], Awaitable[Client]]) -> Client | None:
        """Return the client as soon as there is one, None when the deadline came first."""
        results: PollResults[Status] = PollResults(self.target, self.log)
        while True:
            try:
                client = await self._in_time(connect())
                if client is not None:
                    return client
            except ApiError as error:
                results.accept(error)
            if not await self._sleep(self.poll_interval):
                return None

    async def _in_time(self, answer: Awaitable[T]) -> T | None:
        """Return an answer, None when the deadline came first; what asks for it goes on meanwhile."""
        if self.deadline is None:
            return await answer
        try:
            return await asyncio.wait_for(answer, max(0.0, self.deadline - time.time()))
        except asyncio.TimeoutError:
            return None

    async def _sleep(self, seconds: float) -> bool:
        """Sleep, until the deadline at most; return False, at once, when that has passed."""
        if self.deadline is not None:
            left = self.deadline - time.time()
            if left <= 0:
                return False
            seconds = min(seconds, left)
        await asyncio.sleep(seconds)
        return True


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
