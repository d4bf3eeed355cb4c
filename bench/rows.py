"""Rows of the table, and paired measurements."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple


class Row(NamedTuple):
    """Two figures of one kind and their ratio, ours / other."""

    what: str
    ours: float
    other: float
    unit: str
    ratio: float


def paired(what: str, first: Callable[[], float], second: Callable[[], float], rounds: int, unit: str) -> Row:
    """Measure two functions in turn; return both medians and the median of the ratios."""
    pairs = [(first(), second()) for _ in range(rounds)]
    return Row(
        what,
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        unit,
        statistics.median(a / b for a, b in pairs),
    )


def compared(what: str, ours: float, other: float, unit: str) -> Row:
    """Return the row of two figures that are measured already."""
    return Row(what, ours, other, unit, ours / other if other else float("inf") if ours else 1.0)


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def computed(action: Callable[[], object]) -> float:
    """Return the CPU seconds that an action takes in this process; for actions that do not wait."""
    started = time.process_time()
    action()
    return time.process_time() - started


def is_installed(module: str) -> bool:
    """Return whether a module is installed."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
