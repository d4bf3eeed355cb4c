"""A trigger that is ended before its time: stop its job, when the task does not wait any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from airflow_provider_bcs.airflow_versions import TRIGGERS_ARE_KILLED, is_waited_for

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger

#: Seconds to find out whether a job is to be stopped, and to stop it; Airflow allows 30.
_TIMEOUT = 25.0

#: Whether this process has asked for the state of a task.
_HAS_ASKED = threading.Event()


class OwnedJob:
    """A job that is stopped when its task was marked, cleared or deleted while a trigger waited for it.

    :param trigger: what waits; only as it begins does Airflow tell it its task instance and its own id
    :param job: the job, for the log
    :param stop: stops it
    """

    def __init__(self, trigger: BaseTrigger, job: object, stop: Callable[[], Awaitable[None]]) -> None:
        self._trigger = trigger
        self._job = job
        self._stop = stop

    async def ask_in_advance(self) -> None:
        """Ask for a task's state before somebody has to know; once in a process.

        For its first answer Airflow 3.3.2 takes 5 s on a quiet machine and 30 s on a busy one: too long for a kill.
        """
        if TRIGGERS_ARE_KILLED and not _HAS_ASKED.is_set():
            _HAS_ASKED.set()
            with suppress(Exception):
                await self._is_waited_for()

    async def kill(self) -> None:
        """Stop the job, unless the task waits on: Airflow has handed it to another triggerer, and ends this one too."""
        work = asyncio.ensure_future(asyncio.wait_for(self._stop_unless_waited_for(), _TIMEOUT))
        while not work.done():
            # Airflow 3.3.2 cancels a trigger again every second as long as it is there, and this with it.
            with suppress(asyncio.CancelledError):
                await asyncio.wait({work})
        if (error := work.exception()) is not None:
            # Airflow before 3.3 would tell nobody.
            self._trigger.log.error(
                "%s may still run: it was not found out in time whether it is waited for, or not stopped in time.",
                self._job,
                exc_info=error,
            )

    async def _stop_unless_waited_for(self) -> None:
        if await self._is_waited_for():
            self._trigger.log.info("This triggerer waits no longer, but the task does: %s goes on.", self._job)
            return
        self._trigger.log.info("The task does not wait any more: it was marked, cleared or deleted.")
        await self._stop()

    async def _is_waited_for(self) -> bool:
        return await is_waited_for(self._trigger.task_instance, self._trigger.trigger_id or 0)
