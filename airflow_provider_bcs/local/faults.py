"""Faults that the service plays on request, to see how a client takes them."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

KINDS = ("error-500", "throttle", "drop-before", "drop-after", "slow", "garbage")
_FIELDS = {"operation", "kind", "rate", "times", "seconds"}


@dataclass
class Fault:
    """One entry of the list of faults.

    :ivar operation: name of an operation such as ``batchcompute.CreateJob``; ``*`` is any
    :ivar kind: ``error-500`` answers InternalError; ``throttle`` asks to try again later; ``drop-before`` closes the
        connection and does nothing; ``drop-after`` does what was asked, then closes it; ``slow`` waits first;
        ``garbage`` answers 200 with a body that is no JSON, and does nothing
    :ivar rate: the share of requests it hits, 0 to 1
    :ivar times: how often it still happens; None is without end
    :ivar seconds: how long ``slow`` waits, and ``throttle`` asks a client to wait
    """

    operation: str
    kind: str
    rate: float = 1.0
    times: int | None = None
    seconds: float = 1.0


class Faults:
    """The faults in force, usable from any thread."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def replace(self, faults: list[Fault]) -> None:
        with self._lock:
            self._faults = faults

    def draw(self, operation: str) -> Fault | None:
        """Return the first fault that hits this request; it counts as played."""
        with self._lock:
            for fault in self._faults:
                if fault.operation not in ("*", operation) or fault.times == 0:
                    continue
                if random.random() < fault.rate:  # noqa: S311 - chance, not secrecy
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None


async def play(
    fault: Fault | None, serve: Callable[[], Awaitable[Response]], refuse: Callable[[Fault], Response]
) -> Response | None:
    """Answer a request as its fault says; return None to close the connection without an answer.

    :param serve: does what is asked
    :param refuse: gives the service's own error for ``error-500`` and ``throttle``
    """
    kind = fault.kind if fault else ""
    if fault and kind == "slow":
        await asyncio.sleep(fault.seconds)
    if fault and kind in ("error-500", "throttle"):
        return refuse(fault)
    if kind == "garbage":
        return Response(b"<html>upstream", 200, media_type="text/html")
    response = None if kind == "drop-before" else await serve()
    return None if kind == "drop-after" else response


def parse_faults(document: Any, operations: Collection[str]) -> list[Fault]:
    """Read a list of faults.

    :raises ValueError: with a text that says what is wrong and where
    """
    if not isinstance(document, list):
        raise ValueError("The faults are a list of objects; [] ends all faults.")
    return [_parse_fault(entry, f"Fault {index}", operations) for index, entry in enumerate(document)]


def _parse_fault(entry: Any, where: str, operations: Collection[str]) -> Fault:
    if not isinstance(entry, dict):
        raise ValueError(f"{where} is not an object.")
    unknown = sorted(set(entry) - _FIELDS)
    if unknown:
        raise ValueError(f"{where} has the unknown field {unknown[0]!r}; known are {', '.join(sorted(_FIELDS))}.")
    if entry.get("operation") not in ("*", *operations):
        known = ", ".join(sorted(operations))
        raise ValueError(f"{where} has the operation {entry.get('operation')!r}; known are * and {known}.")
    if entry.get("kind") not in KINDS:
        raise ValueError(f"{where} has the kind {entry.get('kind')!r}; known are {', '.join(KINDS)}.")
    _check_number(entry, "rate", where, 0, 1)
    _check_number(entry, "seconds", where, 0, 3600)
    times = entry.get("times")
    if times is not None and (type(times) is not int or times < 0):
        raise ValueError(f"{where} has times {times!r}; right is a whole number from 0, or none for no end.")
    return Fault(**entry)


def _check_number(entry: dict[str, Any], name: str, where: str, low: float, high: float) -> None:
    value = entry.get(name, low)
    if type(value) not in (int, float) or not low <= value <= high:
        raise ValueError(f"{where} has {name} {value!r}; right is a number from {low} to {high}.")
