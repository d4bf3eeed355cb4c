"""Kill of a trigger: stop its job, unless the task still waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from airflow_provider_bcs.airflow_versions import TRIGGERS_ARE_KILLED, is_waited_for

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger

__all__ = ["OwnedJob"]

#: Seconds to read the task's state and to stop the job. Airflow ends the trigger after 30.
_TIMEOUT = 25.0

#: Whether this process has read the state of a task before.
_HAS_ASKED = threading.Event()


class OwnedJob:
    """Job that is stopped when its task is marked, cleared or deleted while a trigger waits for it.

    :param trigger: the trigger; Airflow sets its ``task_instance`` and ``trigger_id`` when it starts
    :param job: name of the job, for the log
    :param stop: coroutine function that stops the job
    """

    def __init__(self, trigger: BaseTrigger, job: object, stop: Callable[[], Awaitable[None]]) -> None:
        self._trigger = trigger
        self._job = job
        self._stop = stop

    async def ask_in_advance(self) -> None:
        """Read the task's state once in each process, before a kill needs it.

        The first read of a process takes Airflow 3.3.2 5 s on an idle machine and 30 s on a busy one: too long for a
        kill.
        """
        if TRIGGERS_ARE_KILLED and not _HAS_ASKED.is_set():
            _HAS_ASKED.set()
            with suppress(Exception):
                await self._is_waited_for()

    async def kill(self) -> None:
        """Stop the job, unless the task still waits: Airflow also kills a trigger that another triggerer has taken."""
        work = asyncio.ensure_future(asyncio.wait_for(self._stop_unless_waited_for(), _TIMEOUT))
        while not work.done():
            # Airflow 3.3.2 cancels a trigger again every second until it ends, and this coroutine with it.
            with suppress(asyncio.CancelledError):
                await asyncio.wait({work})
        if (error := work.exception()) is not None:
            # Airflow before 3.3 does not log an error of cleanup().
            self._trigger.log.error(
                "%s may still run: reading the task's state, or stopping the job, failed or took too long.",
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
