"""Base of the triggers: wait until a target has ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_bcs.airflow_versions import TRIGGERS_ARE_KILLED
from airflow_provider_bcs.exceptions import ApiError, NoAnswerError, ServerError, ThrottledError
from airflow_provider_bcs.hooks.metrics import count_kill, wait_began, wait_ended
from airflow_provider_bcs.hooks.service import ServiceHook
from airflow_provider_bcs.triggers.killing import OwnedJob
from airflow_provider_bcs.triggers.watching import SharedWatcher
from airflow_provider_bcs.waiting.polling import NotBegunError, PollResults, queue_limit
from airflow_provider_bcs.waiting.watcher import in_thread

if TYPE_CHECKING:
    from airflow_provider_bcs.waiting.polling import Status
    from airflow_provider_bcs.waiting.port import ServicePort, Target
    from airflow_provider_bcs.waiting.watcher import Watcher

__all__ = ["StateTrigger"]

#: Errors of polls that say nothing about the job.
_UNREACHABLE = (NoAnswerError, ServerError, ThrottledError)

#: Seconds for the last poll after the deadline, which finds a target that has ended in time.
_LAST_POLL = 10.0

#: Seconds before the first event. Airflow 3.3.2 fails a task whose trigger fires before the scheduler has noticed that
#: the worker has deferred it; a scheduler under load takes seconds for that.
_SETTLING = 5.0


class StateTrigger(BaseTrigger):
    """Trigger that waits until a target has ended.

    Its only event is a dict. It holds the target's id, for a job as ``job_id``, and one of these keys: ``state`` (the
    terminal state), ``timeout`` (the deadline has passed), ``queue_timeout`` (the job has not begun to run in time) or
    ``error`` (a text: the trigger has given up), with ``unreachable`` when the service did not serve the polls.

    :param target: the job, part of a job or cluster to wait for
    :param bcs_conn_id: id of the Airflow connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time at which the wait ends, in seconds; None: no deadline
    :param cancel_on_kill: stop the job when the task is marked, cleared or deleted while the trigger waits
    :param queue_deadline: POSIX time by which the job has to run, in seconds; None: it may wait for ever
    """

    #: Field of the target that holds its id.
    id_field: ClassVar[str] = "job_id"
    hook_class: ClassVar[type[ServiceHook[Any, Any]]]

    def __init__(
        self,
        target: Target,
        bcs_conn_id: str,
        poll_interval: float,
        deadline: float | None,
        cancel_on_kill: bool = False,
        queue_deadline: float | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        # One logger for all instances of the class: a logger for each takes a kilobyte.
        self.logger()
        self.target = target
        self.bcs_conn_id = bcs_conn_id
        self.poll_interval = poll_interval
        self.deadline = deadline
        self.cancel_on_kill = cancel_on_kill
        self.queue_deadline = queue_deadline
        self._has_fired = False

    async def _prepare(self, watcher: Watcher[Any]) -> None:
        """Hook for subclasses: called once before the first poll."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class path and arguments."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                **self.target.fields(),
                "bcs_conn_id": self.bcs_conn_id,
                "poll_interval": self.poll_interval,
                "deadline": self.deadline,
                **({"cancel_on_kill": True} if self.cancel_on_kill else {}),
                **({} if self.queue_deadline is None else {"queue_deadline": self.queue_deadline}),
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for the end of the target and yield one event."""
        begin = time.monotonic()
        if self.cancel_on_kill:
            await self._owned_job().ask_in_advance()
        service = self.hook_class.service
        wait_began(service)
        try:
            event = await self._awaited()
        finally:
            wait_ended(service, time.monotonic() - begin)
        if self.trigger_id is not None:
            # A DAG run without a scheduler, such as dag.test(), gives triggers no id.
            await asyncio.sleep(begin + _SETTLING - time.monotonic())
        self._has_fired = True
        yield event

    async def on_kill(self) -> None:
        """Stop the job, unless its task still waits. Airflow calls this method from 3.3 on.

        Airflow also calls it when another triggerer has taken over this trigger: then the job goes on.
        """
        if self.cancel_on_kill:
            await self._owned_job().kill()

    def _owned_job(self) -> OwnedJob:
        return OwnedJob(self, self.target, self._stop)

    def _shared_watcher(self) -> SharedWatcher[Any]:
        return SharedWatcher(self.hook_class(self.bcs_conn_id))

    async def _port(self, watcher: Watcher[Any]) -> ServicePort[Any]:
        port: ServicePort[Any] = self.hook_class.port_class(await watcher.client())
        return port

    async def _stop(self) -> None:
        count_kill(self.hook_class.service, in_triggerer=True)
        async with self._shared_watcher() as watcher:
            port = await self._port(watcher)
            await in_thread(partial(port.stop, self.target.fields()["job_id"], self.log))

    async def cleanup(self) -> None:
        """Do as :meth:`on_kill` does, on Airflow before 3.3, which calls only this method, and for every exit."""
        if not TRIGGERS_ARE_KILLED and not self._has_fired:
            await self.on_kill()

    async def _awaited(self) -> TriggerEvent:
        try:
            async with self._shared_watcher() as watcher:
                await self._prepare(watcher)
                end = await self._end(watcher)
        except NotBegunError:
            return self._event(queue_timeout=True)
        except Exception as error:
            # An event tells the task the reason; Airflow tells it none when a trigger raises. The job goes on.
            if not isinstance(error, (ApiError, AirflowException, ValueError)):
                self.log.exception("Waiting for %s failed", self.target)
            unreachable = {"unreachable": True} if isinstance(error, _UNREACHABLE) else {}
            return self._event(error=str(error) or type(error).__name__, **unreachable)
        return self._event(timeout=True) if end is None else self._event(state=end.outcome)

    async def _end(self, watcher: Watcher[Any]) -> Status | None:
        """Return the terminal status, None when the deadline passed first."""
        results: PollResults[Status] = PollResults(self.target, self.log)
        subscription = watcher.subscribe(self.target, self.poll_interval, self._next_deadline())
        try:
            while True:
                # No variable holds a status between two polls: thousands of triggers wait here.
                if (end := self._end_in(results.accept(await subscription.next_update()))) is not None:
                    return end
                if subscription.has_expired:
                    if (end := self._end_in(await self._last_poll(watcher))) is not None:
                        return end
                    if self.deadline is not None and time.time() >= self.deadline:
                        return None
                    # The job has begun, or its state is unknown now: the next poll tells.
                    subscription.expire_at(self._next_deadline())
        finally:
            watcher.unsubscribe(subscription)

    def _next_deadline(self) -> float | None:
        """Return the time of the next look at the clock."""
        queue = self.queue_deadline
        if queue is not None and queue <= time.time():
            queue = time.time() + self.poll_interval
        return min((each for each in (self.deadline, queue) if each is not None), default=None)

    def _end_in(self, status: Status | None) -> Status | None:
        """Return a terminal status, else None.

        :raises NotBegunError: when the job has waited too long
        """
        if status is None or status.is_terminal:
            return status
        if self.queue_deadline is not None:
            self.queue_deadline = queue_limit(status, self.queue_deadline)
        return None

    async def _last_poll(self, watcher: Watcher[Any]) -> Status | None:
        """Return the status at the deadline, None when it is unknown: the last poll may be a long interval ago."""
        with suppress(Exception):
            return await asyncio.wait_for(self._poll_once(watcher), _LAST_POLL)
        return None

    async def _poll_once(self, watcher: Watcher[Any]) -> Status | None:
        port = await self._port(watcher)
        return await watcher.in_thread(port.poll(self.target, self.log))

    def _event(self, **payload: Any) -> TriggerEvent:
        return TriggerEvent({self.id_field: self.target.fields()[self.id_field], **payload})
