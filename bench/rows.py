"""The lines of the table, and how two things are measured side by side."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple


class Row(NamedTuple):
    """Two figures of one kind and ours / other."""

    what: str
    ours: float
    other: float
    unit: str
    ratio: float


def paired(what: str, first: Callable[[], float], second: Callable[[], float], rounds: int, unit: str) -> Row:
    """Measure two things in turn; give both medians and the median of the ratios."""
    pairs = [(first(), second()) for _ in range(rounds)]
    return Row(
        what,
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        unit,
        statistics.median(a / b for a, b in pairs),
    )


def compared(what: str, ours: float, other: float, unit: str) -> Row:
    """Compare two figures that were measured already."""
    return Row(what, ours, other, unit, ours / other if other else float("inf") if ours else 1.0)


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def computed(action: Callable[[], object]) -> float:
    """Return the seconds of CPU time that something takes in this process: for what waits for nothing."""
    started = time.process_time()
    action()
    return time.process_time() - started


def is_installed(module: str) -> bool:
    """Tell whether a peer could be installed."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
