"""What the triggers of both services share: wait until something has ended."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Hashable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from airflow.providers.common.compat.sdk import AirflowException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_bcs.airflow_versions import TRIGGERS_ARE_KILLED
from airflow_provider_bcs.triggers.killing import OwnedJob
from airflow_provider_bcs.triggers.watching import SharedWatcher
from airflow_provider_bcs.waiting.stopping import stop
from airflow_provider_bcs.waiting.watcher import in_thread

if TYPE_CHECKING:
    from airflow_provider_bcs.hooks.service import ServiceHook
    from airflow_provider_bcs.waiting.polling import Log, Poll, Status
    from airflow_provider_bcs.waiting.watcher import Watcher


#: Seconds to find out, when the deadline has passed, whether what was waited for has ended before it.
_LAST_LOOK = 10.0

#: Seconds before the first event: Airflow fails a task whose trigger fires before the scheduler has noticed that the
#: worker let go of it (seen in 3.3.2; a scheduler under load takes seconds for that).
_SETTLING = 5.0


class Target(Hashable, Protocol):
    """What is waited for; its hook's ``read_all`` knows how to read its state."""

    def fields(self) -> dict[str, Any]: ...

    def poll(self, client: Any, log: Log, /) -> Poll[Any]: ...


class StateTrigger(BaseTrigger):
    """Waits for an end.

    Its one event is a dict with the id of what was waited for (``job_id``, for a job) and one of the keys ``state``
    (what came of it), ``timeout`` (the deadline passed) or ``error`` (a text: waiting was given up).

    :param target: what is waited for
    :param bcs_conn_id: the connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time after which waiting ends, in seconds; None for no end
    :param owns_job: stop the job when the task is marked, cleared or deleted while it waits
    """

    #: Which of the target's fields is its id.
    id_field: ClassVar[str] = "job_id"

    def __init__(
        self,
        target: Target,
        bcs_conn_id: str,
        poll_interval: float,
        deadline: float | None,
        owns_job: bool = False,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        # Airflow's logger of the class, for all of them: one for each takes a kilobyte.
        self.logger()
        self.target = target
        self.bcs_conn_id = bcs_conn_id
        self.poll_interval = poll_interval
        self.deadline = deadline
        self.owns_job = owns_job
        self._has_fired = False

    @abstractmethod
    def _hook(self) -> ServiceHook[Any]:
        """Return the hook of the connection."""

    async def _prepare(self, watcher: Watcher) -> None:
        """Do what has to be done before the first poll."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class path and arguments."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                **self.target.fields(),
                "bcs_conn_id": self.bcs_conn_id,
                "poll_interval": self.poll_interval,
                "deadline": self.deadline,
                **({"owns_job": True} if self.owns_job else {}),
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait until there is something to tell."""
        begin = time.monotonic()
        if self.owns_job:
            await self._owned_job().ask_in_advance()
        event = await self._awaited()
        if self.trigger_id is not None:
            # Not in a DAG run without a scheduler.
            await asyncio.sleep(begin + _SETTLING - time.monotonic())
        self._has_fired = True
        yield event

    async def on_kill(self) -> None:
        """Stop the job that nobody waits for any more; called by Airflow from 3.3 on.

        It is called too when another triggerer has taken this trigger over, and then the job goes on.
        """
        if self.owns_job:
            await self._owned_job().kill()

    def _owned_job(self) -> OwnedJob:
        return OwnedJob(self, self.target, self._stop)

    async def _stop(self) -> None:
        async with SharedWatcher(self._hook()) as watcher:
            await in_thread(partial(stop, await watcher.client(), self.target.fields()["job_id"], self.log))

    async def cleanup(self) -> None:
        """Do the same in an Airflow that has only this method, which it calls however the trigger ends."""
        if not TRIGGERS_ARE_KILLED and not self._has_fired:
            await self.on_kill()

    async def _awaited(self) -> TriggerEvent:
        from airflow_provider_bcs.exceptions import ApiError

        try:
            async with SharedWatcher(self._hook()) as watcher:
                await self._prepare(watcher)
                end = await self._end(watcher)
        except Exception as error:
            # Whatever it is: the job goes on, and a trigger that failed would tell nobody why.
            if not isinstance(error, (ApiError, AirflowException, ValueError)):
                self.log.exception("Waiting for %s failed", self.target)
            return self._event(error=str(error) or type(error).__name__)
        return self._event(timeout=True) if end is None else self._event(state=end.outcome)

    async def _end(self, watcher: Watcher) -> Status | None:
        """Return the state at the end, None when the deadline came first."""
        from airflow_provider_bcs.waiting.polling import PollResults

        results: PollResults[Status] = PollResults(self.target, self.log)
        subscription = watcher.subscribe(self.target, self.poll_interval, self.deadline)
        try:
            while not subscription.has_expired:
                # Between two answers nothing is kept of them: thousands wait here.
                if (end := _end_in(results.accept(await subscription.next_update()))) is not None:
                    return end
        finally:
            watcher.unsubscribe(subscription)
        return _end_in(await self._last_look(watcher))

    async def _last_look(self, watcher: Watcher) -> Status | None:
        """Return the state at the deadline, which may be long after the last answer; None when it is not known."""
        # Why it is not known is of no interest: it is too late.
        with suppress(Exception):
            return await asyncio.wait_for(self._look(watcher), _LAST_LOOK)
        return None

    async def _look(self, watcher: Watcher) -> Status | None:
        return await watcher.in_thread(self.target.poll(await watcher.client(), self.log))

    def _event(self, **payload: Any) -> TriggerEvent:
        return TriggerEvent({self.id_field: self.target.fields()[self.id_field], **payload})


def _end_in(status: Status | None) -> Status | None:
    return status if status is not None and status.is_terminal else None
