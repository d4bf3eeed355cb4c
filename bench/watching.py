"""What waiting for many jobs takes in one triggerer, which is Airflow's own, beside the triggers of the peers.

``python -m bench.watching WATCHED COUNT FILE`` measures one kind of trigger and writes JSON into FILE. That is a
process of its own, since triggerers are forks and imports are memory.
"""

from __future__ import annotations

import gc
import json
import math
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from bench import watched
from bench.rows import Row, compared, is_installed
from bench.triggerer import Heartbeat, Triggerer
from bench.watched import POLL, Amazon, BatchCompute, Databricks, Dlc, Nothing, Watched

#: Intervals in which nothing ends: with 10,000 triggers Python looks at all objects once in so long a time.
QUIET = 5
#: Jobs that end a second; Airflow takes about a millisecond for the end of one trigger.
RATE = 100
#: Seconds to wait for the first poll of all jobs (of more than 1,000 the longer), and for events after the last end.
START_SECONDS, END_SECONDS = 240, 6 * POLL
_TICK = 0.05


class Spent(NamedTuple):
    """What the process of the triggers took so far."""

    time: float
    cpu: float
    memory: int
    calls: int


def spent(triggerer: Triggerer, jobs: Watched) -> Spent:
    process = psutil.Process(triggerer.pid)
    cpu = process.cpu_times()
    return Spent(time.monotonic(), cpu.user + cpu.system, process.memory_info().rss, jobs.calls())


def drive(triggerer: Triggerer, until: Callable[[], bool], seconds: float) -> None:
    """Let the supervisor do its work, for so long at most."""
    deadline = time.monotonic() + seconds
    while not until() and time.monotonic() < deadline:
        triggerer.run_once()


def end_one_by_one(jobs: Watched, first: int, last: int, ended: dict[int, float]) -> None:
    """End jobs evenly; note when each had certainly ended."""
    began = time.monotonic() - first / RATE
    while first <= last:
        time.sleep(_TICK)
        up_to = min(last, int((time.monotonic() - began) * RATE))
        if up_to >= first:
            jobs.end(up_to)
            ended.update(dict.fromkeys(range(first, up_to + 1), time.time()))
            first = up_to + 1


def measure(kind: type[Watched], count: int, folder: Path) -> dict[str, Any]:
    # The first job is for what is imported and kept when a trigger of this kind runs for the first time.
    first, last = 2, count + 1
    jobs = kind(folder, last)
    gc.collect()
    triggerer = Triggerer.start(capacity=last)
    try:
        jobs.end(1)
        triggerer.watch(1, kind.classpath, jobs.arguments(1))
        drive(triggerer, lambda: 1 in triggerer.fired, START_SECONDS)
        if kind.success not in str(triggerer.fired.get(1)):
            sys.exit(f"the first trigger told {triggerer.fired.get(1)}")
        triggerer.watch(0, *Heartbeat().serialize())
        drive(triggerer, lambda: bool(triggerer.blocked), START_SECONDS)
        before = spent(triggerer, jobs)
        for number in range(first, last + 1):
            triggerer.watch(number, kind.classpath, jobs.arguments(number))
        drive(triggerer, lambda: not triggerer.to_do, START_SECONDS)
        # Ours wait for half an interval before they ask first; the peers take long to set themselves up.
        enough = 0 if issubclass(kind, (watched.Local, Nothing)) else before.calls + count
        drive(triggerer, lambda: jobs.calls() >= enough, START_SECONDS * max(1, count / 1000))
        drive(triggerer, lambda: False, 1.5 * POLL)
        return result(kind, triggerer, jobs, before, first, last)
    finally:
        triggerer.kill(force=True)
        jobs.close()


def result(
    kind: type[Watched], triggerer: Triggerer, jobs: Watched, before: Spent, first: int, last: int
) -> dict[str, Any]:
    """Return what so many waits take while nothing ends, and then how soon the ends are noticed."""
    count = last - first + 1
    begin, told = spent(triggerer, jobs), len(triggerer.blocked)
    drive(triggerer, lambda: False, QUIET * POLL)
    end = spent(triggerer, jobs)
    intervals = (end.time - begin.time) / POLL
    found: dict[str, Any] = {
        "calls": (end.calls - begin.calls) / intervals,
        "cpu": (end.cpu - begin.cpu) / intervals,
        "start_cpu": begin.cpu - before.cpu,
        "memory": (end.memory - before.memory) / 1024 / count,
        "blocked": longest(triggerer.blocked[told:]),
    }
    ended: dict[int, float] = {}
    told = len(triggerer.blocked)
    thread = threading.Thread(target=end_one_by_one, args=(jobs, first, last, ended))
    thread.start()
    drive(triggerer, lambda: len(triggerer.fired) == last, count / RATE + END_SECONDS)
    thread.join()
    right = {number: at for number, (at, event) in triggerer.fired.items() if kind.success in str(event)}
    delays = sorted(right.get(number, math.inf) - at for number, at in ended.items())
    return {
        **found,
        "blocked_ending": longest(triggerer.blocked[told:]),
        "missing": sum(number not in right for number in ended),
        "delay": statistics.median(delays),
        "delay_99": delays[math.ceil(0.99 * count) - 1],
    }


def longest(told: list[list[float]]) -> list[float]:
    """Return the longest of each of the heartbeat's times."""
    return [max(times) for times in zip(*told, strict=True)]


#: What is compared: the key of a figure, what it is, its unit, how many of that it has.
FIGURES = (
    ("calls", "calls of the service an interval", "", 1),
    ("cpu", "CPU time an interval", "ms", 1000),
    ("memory", "memory a wait", "KiB", 1),
    ("delay", "from the end of a job to its event, median", "s", 1),
    ("delay_99", "from the end of a job to its event, 99 %", "s", 1),
)


def rows(count: int) -> Iterator[Row | str]:
    """Yield what our triggers take against what the peers' take, and against Airflow alone."""
    alone = measured(Nothing, count)
    ours = {"BatchCompute": measured(BatchCompute, count), "PAI-DLC": measured(Dlc, count)}
    for name, figures in ours.items():
        for index, which in enumerate(("by the clock", "of its own", "without garbage collection")):
            what = f"{count} waits, longest time the event loop was not free, {which}: {name} / Airflow alone"
            yield compared(what, figures["blocked"][index] * 1000, alone["blocked"][index] * 1000, "ms")
        yield from _missing(name, figures)
    for peer in (Databricks, Amazon):
        if is_installed(peer.classpath.rpartition(".")[0]):
            yield from _against(peer, count, ours, alone)


def _against(
    peer: type[Watched], count: int, ours: dict[str, dict[str, Any]], alone: dict[str, Any]
) -> Iterator[Row | str]:
    waits = min(count, peer.most)
    label = peer.__name__ + (f" with {waits}" if waits != count else "")
    try:
        theirs = measured(peer, waits)
    except MeasurementError as error:
        yield f"{label} could not be measured: {error}"
        return
    yield from _missing(label, theirs)
    for key, what, unit, scale in FIGURES:
        for name, figures in ours.items():
            # Of CPU time and memory Airflow has a share that is nobody else's.
            of_airflow = alone[key] if key in ("cpu", "memory") else 0.0
            mine, other = (max(0.0, each[key] - of_airflow) * scale for each in (figures, theirs))
            yield compared(f"{count} waits, {what}: {name} / {label}", mine, other, unit)


def _missing(name: str, figures: dict[str, Any]) -> Iterator[str]:
    if figures["missing"]:
        yield f"{name}: {figures['missing']} jobs ended of which no event told within {END_SECONDS} s."


class MeasurementError(Exception):
    """A measurement failed; the text is the last line of what it wrote."""


def measured(kind: type[Watched], count: int) -> dict[str, Any]:
    """Measure one kind of trigger.

    :raises MeasurementError: when that failed
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        command = [sys.executable, "-W", "ignore", "-m", "bench.watching", kind.__name__, str(count), str(file)]
        # On stdout a triggerer writes the lines of all triggers.
        ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if ended.returncode:
            raise MeasurementError((ended.stderr.splitlines() or ["no reason given"])[-1])
        figures: dict[str, Any] = json.loads(file.read_text())
    return figures


if __name__ == "__main__":
    name, number, file = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary:
        figures = measure(getattr(watched, name), int(number), Path(temporary))
    Path(file).write_text(json.dumps(figures))
