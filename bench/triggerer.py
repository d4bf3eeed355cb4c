"""Airflow's triggerer with both of its processes. The bench gives it the triggers, in place of a database."""

from __future__ import annotations

import asyncio
import gc
import time
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import attrs
from airflow.executors.workloads import RunTrigger
from airflow.jobs.triggerer_job_runner import TriggerEventEntry, TriggerRunner, TriggerRunnerSupervisor
from airflow.models.trigger import Trigger
from airflow.triggers.base import BaseTrigger, TriggerEvent

#: Number of triggers per message; the supervisor sends one message per second.
BATCH = 500
_BEAT = 0.01
_TELL = 0.5


class Heartbeat(BaseTrigger):
    """Trigger that reports the longest time that the event loop was blocked, once per second.

    An event holds three times. The first is by the clock. The second counts only CPU time of this process, since other
    work on the machine blocks the loop too. The third leaves out garbage collection.
    """

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{__name__}.Heartbeat", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        collecting = _Collecting()
        gc.callbacks.append(collecting)
        worst, told = [0.0, 0.0, 0.0], time.monotonic()
        while True:
            slept, computed, collected = time.monotonic(), time.process_time(), collecting.seconds()
            await asyncio.sleep(_BEAT)
            now = time.monotonic()
            late = now - slept - _BEAT
            own = min(late, time.process_time() - computed)
            worst = [*map(max, worst, (late, own, own - (collecting.seconds() - collected)))]
            if now - told >= 1:
                yield TriggerEvent(worst)
                worst, told = [0.0, 0.0, 0.0], now


class _Collecting:
    """Total time of garbage collection, which stops all threads."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._began: float | None = None

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.monotonic()
        else:
            self._seconds, self._began = self.seconds(), None

    def seconds(self) -> float:
        """Return the seconds so far.

        A collection of another thread may have ended before its callback ran. Its time counts until now.
        """
        return self._seconds + (0.0 if self._began is None else time.monotonic() - self._began)


class Told(BaseTrigger):
    """Trigger without polls, which measures Airflow's own cost. The first one reads the file and wakes the others.

    :param number: number of the job, from 1
    :param file: file with the number of the last ended job
    """

    waiting: ClassVar[dict[int, asyncio.Event]] = {}

    def __init__(self, number: int, file: str) -> None:
        super().__init__()
        self.number = number
        self.file = file

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{__name__}.Told", {"number": self.number, "file": self.file}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        if self.number > 1:
            ended = self.waiting[self.number] = asyncio.Event()
            await ended.wait()
        yield TriggerEvent(None)
        while self.number == 1:
            await asyncio.sleep(_TELL)
            last = int(Path(self.file).read_text())
            for number in [number for number in self.waiting if number <= last]:
                self.waiting.pop(number).set()


class _Stamped(deque[TriggerEventEntry]):
    """Events of the runner with their time; they reach the supervisor up to one second later."""

    def append(self, entry: TriggerEventEntry) -> None:
        entry.event.payload = {"at": time.time(), "payload": entry.event.payload}
        super().append(entry)


class _Runner(TriggerRunner):
    def __init__(self) -> None:
        super().__init__()
        self.events = _Stamped()


@attrs.define(kw_only=True)
class Triggerer(TriggerRunnerSupervisor):
    """Supervisor; its child process runs the triggers.

    :ivar to_do: triggers that the child process has not received yet
    :ivar fired: time and payload of each trigger's event, by number
    :ivar blocked: payloads of the heartbeat, one per second
    """

    to_do: deque[RunTrigger] = attrs.field(factory=deque, init=False)
    fired: dict[int, tuple[float, Any]] = attrs.field(factory=dict, init=False)
    blocked: list[list[float]] = attrs.field(factory=list, init=False)

    def add(self, number: int, classpath: str, arguments: dict[str, Any]) -> None:
        """Run a trigger; number 0 is the heartbeat."""
        kwargs = Trigger.encrypt_kwargs(arguments)
        self.to_do.append(RunTrigger(id=number, classpath=classpath, encrypted_kwargs=kwargs))

    def load_triggers(self) -> None:
        if not self.creating_triggers:
            self.creating_triggers.extend(self.to_do.popleft() for _ in range(min(BATCH, len(self.to_do))))

    def on_trigger_event(self, trigger_id: int, event: TriggerEvent) -> None:
        at, payload = event.payload["at"], event.payload["payload"]
        if trigger_id:
            self.fired[trigger_id] = (at, payload)
        else:
            self.blocked.append(payload)

    def on_trigger_failure(self, trigger_id: int, exc: list[str] | None) -> None:
        self.fired[trigger_id] = (time.time(), {"error": exc})

    # Calls of a triggerer to its database, which the bench does not have.
    def heartbeat(self) -> None: ...

    def clean_unused(self) -> None: ...

    def emit_metrics(self) -> None: ...

    @classmethod
    def run_in_process(cls) -> None:
        _Runner().run()
