"""Cost of many waits in one Airflow triggerer, compared with the triggers of the peers.

``python -m bench.watching WATCHED COUNT FILE`` measures one kind of trigger and writes JSON into FILE. Each kind has a
process of its own: triggerers are forks, and the imports of one kind would count as memory of the next.
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

#: Intervals without an ending job. With 10,000 triggers one full garbage collection falls into this time.
QUIET = 5
#: Jobs that end per second. Airflow takes about one millisecond per trigger that ends.
RATE = 100
#: Maximum seconds until the first poll of all jobs, per 1,000 of them, and until the events after the last end.
START_SECONDS, END_SECONDS = 240, 6 * POLL
_TICK = 0.05


class Spent(NamedTuple):
    """Resources that the triggers' process has used so far."""

    time: float
    cpu: float
    memory: int
    calls: int


def spent(triggerer: Triggerer, jobs: Watched) -> Spent:
    process = psutil.Process(triggerer.pid)
    cpu = process.cpu_times()
    return Spent(time.monotonic(), cpu.user + cpu.system, process.memory_info().rss, jobs.calls())


def drive(triggerer: Triggerer, until: Callable[[], bool], seconds: float) -> None:
    """Run the supervisor until a condition holds, or the seconds have passed."""
    deadline = time.monotonic() + seconds
    while not until() and time.monotonic() < deadline:
        triggerer.run_once()


def end_one_by_one(jobs: Watched, first: int, last: int, ended: dict[int, float]) -> None:
    """End jobs at an even rate; store the time by which each has certainly ended."""
    began = time.monotonic() - first / RATE
    while first <= last:
        time.sleep(_TICK)
        up_to = min(last, int((time.monotonic() - began) * RATE))
        if up_to >= first:
            jobs.end(up_to)
            ended.update(dict.fromkeys(range(first, up_to + 1), time.time()))
            first = up_to + 1


def measure(kind: type[Watched], count: int, folder: Path) -> dict[str, Any]:
    # The first job warms up: its trigger imports modules and fills caches.
    first, last = 2, count + 1
    jobs = kind(folder, last)
    gc.collect()
    triggerer = Triggerer.start(capacity=last)
    try:
        jobs.end(1)
        triggerer.add(1, kind.classpath, jobs.arguments(1))
        drive(triggerer, lambda: 1 in triggerer.fired, START_SECONDS)
        if kind.success not in str(triggerer.fired.get(1)):
            sys.exit(f"first trigger: found event {triggerer.fired.get(1)}; expected {kind.success}")
        triggerer.add(0, *Heartbeat().serialize())
        drive(triggerer, lambda: bool(triggerer.blocked), START_SECONDS)
        before = spent(triggerer, jobs)
        for number in range(first, last + 1):
            triggerer.add(number, kind.classpath, jobs.arguments(number))
        drive(triggerer, lambda: not triggerer.to_do, START_SECONDS)
        # Our triggers poll first after half an interval on average; the peers' need long for their set-up.
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
    """Return the cost of the waits while no job ends, and then the delays from ends to events."""
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
    """Return the maximum of each of the heartbeat's three times."""
    return [max(times) for times in zip(*told, strict=True)]


#: Compared figures: key, description, unit, units per base unit.
FIGURES = (
    ("calls", "calls of the service per interval", "", 1),
    ("cpu", "CPU time per interval", "ms", 1000),
    ("memory", "memory per wait", "KiB", 1),
    ("delay", "from the end of a job to its event, median", "s", 1),
    ("delay_99", "from the end of a job to its event, 99 %", "s", 1),
)


def rows(count: int) -> Iterator[Row | str]:
    """Yield the cost of our triggers against the peers' and against Airflow alone."""
    alone = measured(Nothing, count)
    ours = {"BatchCompute": measured(BatchCompute, count), "PAI-DLC": measured(Dlc, count)}
    for name, figures in ours.items():
        for index, which in enumerate(("by the clock", "CPU time", "without garbage collection")):
            what = f"{count} waits, longest time the event loop was blocked, {which}: {name} / Airflow alone"
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
            # Airflow's own share of CPU time and memory is subtracted.
            of_airflow = alone[key] if key in ("cpu", "memory") else 0.0
            mine, other = (max(0.0, each[key] - of_airflow) * scale for each in (figures, theirs))
            yield compared(f"{count} waits, {what}: {name} / {label}", mine, other, unit)


def _missing(name: str, figures: dict[str, Any]) -> Iterator[str]:
    if figures["missing"]:
        yield f"{name}: {figures['missing']} ended jobs had no event within {END_SECONDS} s."


class MeasurementError(Exception):
    """A measurement failed; the text is the last line of its stderr."""


def measured(kind: type[Watched], count: int) -> dict[str, Any]:
    """Return the figures of one kind of trigger, measured in a process of its own.

    :raises MeasurementError: when the process failed
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        command = [sys.executable, "-W", "ignore", "-m", "bench.watching", kind.__name__, str(count), str(file)]
        # A triggerer writes the log lines of all triggers to stdout.
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
