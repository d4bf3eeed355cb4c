"""The PAI-DLC triggers: wait until a job or pod has ended, and log the job's lines meanwhile."""

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
from airflow_provider_bcs.hooks.dlc import DlcHook
from airflow_provider_bcs.masked_log import MaskedLog
from airflow_provider_bcs.triggers.state import StateTrigger
from airflow_provider_bcs.waiting.polling import PollResults
from airflow_provider_bcs.waiting.watcher import needs_reconnect

if TYPE_CHECKING:
    from airflow_provider_bcs.dlc.client import Client
    from airflow_provider_bcs.dlc.response import Job
    from airflow_provider_bcs.waiting.polling import Status
    from airflow_provider_bcs.waiting.watcher import Watcher

T = TypeVar("T")


__all__ = ["DlcJobTrigger", "DlcPodTrigger"]


class DlcJobTrigger(StateTrigger):
    """Trigger that waits until a job has ended, and logs the lines of its pods meanwhile.

    ::

        from airflow_provider_bcs.triggers.dlc import DlcJobTrigger

        trigger = DlcJobTrigger("dlc0000000000000", log_limit=1000)

    :param job_id: id of the job
    :param log_limit: number of lines of the pods' logs that one poll writes at most; 0: no logs
    :param bcs_conn_id: id of the Airflow connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time at which the wait ends, in seconds; None: no deadline
    :param cancel_on_kill: stop the job when the task is marked, cleared or deleted while the trigger waits
    :param queue_deadline: POSIX time by which the job has to run, in seconds; None: it may wait for ever
    """

    hook_class = DlcHook

    def __init__(
        self,
        job_id: str,
        log_limit: int = 0,
        bcs_conn_id: str = "bcs_default",
        poll_interval: float = 10.0,
        deadline: float | None = None,
        cancel_on_kill: bool = False,
        queue_deadline: float | None = None,
    ) -> None:
        target = JobTarget(job_id, log_limit)
        super().__init__(target, bcs_conn_id, poll_interval, deadline, cancel_on_kill, queue_deadline)
        self.target: JobTarget
        self.log_limit = log_limit

    async def _end(self, watcher: Watcher[Client]) -> Status | None:
        if not self.log_limit:
            return await super()._end(watcher)
        # Logs are read pod by pod: triggers share the client, but no call.
        client = await self._client(watcher.client)
        if client is None:
            return None
        # The worker that rendered the job has registered its secrets in its own process, and not in the triggerer.
        poll = LoggingPoll(client, self.target, MaskedLog(self.log))
        while (described := await self._polled(watcher, poll, poll.fetch)) is None:
            if not await self._sleep(self.poll_interval):
                return None
        # Airflow 3 sends secrets to its supervisor over a connection that belongs to the event loop.
        await sync_to_async(mask)(list(secret_values(described.model_dump())))
        while (job := await self._polled(watcher, poll, poll)) is None or self._end_in(job) is None:
            if not await self._sleep(poll.pause(self.poll_interval)):
                return poll.final_status
        return job

    async def _polled(
        self, watcher: Watcher[Client], poll: LoggingPoll, poll_once: Callable[[], Job | None]
    ) -> Job | None:
        """Poll once; reconnect when the connection may hold other keys by now."""
        refused = None
        try:
            found = await self._in_time(watcher.in_thread(poll_once))
        except AccessDeniedError as error:
            found, refused = None, error
        if needs_reconnect(poll.error):
            client = await self._client(partial(watcher.reconnect, poll.logs.client))
            if client is None:
                return None
            poll.logs.client = client
        return await self._in_time(watcher.in_thread(poll_once)) if refused else found

    async def _client(self, connect: Callable[[], Awaitable[Client]]) -> Client | None:
        """Return a client, None when the deadline passed before ``connect`` succeeded."""
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
        """Return the result of an awaitable, None when the deadline passed first; its thread goes on."""
        if self.deadline is None:
            return await answer
        try:
            return await asyncio.wait_for(answer, max(0.0, self.deadline - time.time()))
        except asyncio.TimeoutError:
            return None

    async def _sleep(self, seconds: float) -> bool:
        """Sleep until the deadline at most; return False at once when the deadline has passed."""
        if self.deadline is not None:
            left = self.deadline - time.time()
            if left <= 0:
                return False
            seconds = min(seconds, left)
        await asyncio.sleep(seconds)
        return True


class DlcPodTrigger(StateTrigger):
    """Trigger that waits until a pod has ended.

    ::

        from airflow_provider_bcs.triggers.dlc import DlcPodTrigger

        trigger = DlcPodTrigger("dlc0000000000000", "worker-0")

    :param job_id: id of the pod's job
    :param pod_id: ``PodId``, or its part after the job id
    :param bcs_conn_id: id of the Airflow connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time at which the wait ends, in seconds; None: no deadline
    """

    hook_class = DlcHook

    def __init__(
        self,
        job_id: str,
        pod_id: str,
        bcs_conn_id: str = "bcs_default",
        poll_interval: float = 10.0,
        deadline: float | None = None,
    ) -> None:
        super().__init__(PodTarget(job_id, pod_id), bcs_conn_id, poll_interval, deadline)
