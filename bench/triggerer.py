"""Airflow's own triggerer, both of its processes, which is told what to run by the bench rather than by a database."""

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

#: So many triggers are handed over in one message, one message a second.
BATCH = 500
_BEAT = 0.01
_TELL = 0.5


class Heartbeat(BaseTrigger):
    """Tells once a second for how long the event loop was not free, at most.

    Thrice: by the clock; what of it this process can have caused by computing, since on a machine with other work the
    first says little; and what of that was no garbage collection.
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
    """How long Python has looked for garbage; no thread goes on meanwhile."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._began: float | None = None

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.monotonic()
        else:
            self._seconds, self._began = self.seconds(), None

    def seconds(self) -> float:
        """Return how long so far.

        One in another thread may have ended without having said so: this thread goes on first.
        """
        return self._seconds + (0.0 if self._began is None else time.monotonic() - self._began)


class Told(BaseTrigger):
    """Is told that its job has ended, and asks nobody: what it takes is Airflow's own.

    The first one tells the others.

    :param file: holds the number of the last job that has ended
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
    """The events of the runner, which reach the supervisor up to a second later."""

    def append(self, entry: TriggerEventEntry) -> None:
        entry.event.payload = {"at": time.time(), "payload": entry.event.payload}
        super().append(entry)


class _Runner(TriggerRunner):
    def __init__(self) -> None:
        super().__init__()
        self.events = _Stamped()


@attrs.define(kw_only=True)
class Triggerer(TriggerRunnerSupervisor):
    """The supervisor; its child process runs the triggers.

    :ivar fired: when each trigger fired, and with what, by its number
    :ivar blocked: what the heartbeat told, second by second
    """

    to_do: deque[RunTrigger] = attrs.field(factory=deque, init=False)
    fired: dict[int, tuple[float, Any]] = attrs.field(factory=dict, init=False)
    blocked: list[list[float]] = attrs.field(factory=list, init=False)

    def watch(self, number: int, classpath: str, arguments: dict[str, Any]) -> None:
        """Have a trigger run, from 1 on; 0 is the heartbeat."""
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

    # What a triggerer does with its database.
    def heartbeat(self) -> None: ...

    def clean_unused(self) -> None: ...

    def emit_metrics(self) -> None: ...

    @classmethod
    def run_in_process(cls) -> None:
        _Runner().run()
