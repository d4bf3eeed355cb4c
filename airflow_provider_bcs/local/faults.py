"""Fault injection: errors, throttling and broken connections for tests of clients."""

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
    """Entry in the list of faults.

    The kinds are:

    - ``error-500``: return InternalError
    - ``throttle``: return the API's throttling error
    - ``drop-before``: close the connection without performing the operation
    - ``drop-after``: perform the operation, then close the connection
    - ``slow``: wait before the operation
    - ``garbage``: return status 200 and a body that is not JSON, without performing the operation

    :ivar operation: name of an operation such as ``batchcompute.CreateJob``; ``*`` matches all
    :ivar kind: one of the kinds above
    :ivar rate: fraction of the requests that fail, 0 to 1
    :ivar times: remaining number of occurrences; None is unlimited
    :ivar seconds: delay of ``slow``, and Retry-After of ``throttle``
    """

    operation: str
    kind: str
    rate: float = 1.0
    times: int | None = None
    seconds: float = 1.0


class Faults:
    """Active faults, usable from any thread."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def replace(self, faults: list[Fault]) -> None:
        with self._lock:
            self._faults = faults

    def draw(self, operation: str) -> Fault | None:
        """Return the first fault that matches this request, and count it as an occurrence."""
        with self._lock:
            for fault in self._faults:
                if fault.operation not in ("*", operation) or fault.times == 0:
                    continue
                if random.random() < fault.rate:  # noqa: S311 - no secret depends on it
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None


async def play(
    fault: Fault | None, serve: Callable[[], Awaitable[Response]], refuse: Callable[[Fault], Response]
) -> Response | None:
    """Apply a fault to a request; return None to close the connection without a response.

    :param serve: performs the operation
    :param refuse: returns the API's error for ``error-500`` and ``throttle``
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
    """Return the faults in a JSON document.

    :param operations: names of the existing operations
    :raises ValueError: when the document is not a list of faults
    """
    if not isinstance(document, list):
        raise ValueError(
            f"Faults: found a {type(document).__name__}; expected a list of objects; [] removes all faults."
        )
    return [_parse_fault(entry, f"Fault {index}", operations) for index, entry in enumerate(document)]


def _parse_fault(entry: Any, where: str, operations: Collection[str]) -> Fault:
    if not isinstance(entry, dict):
        raise ValueError(f"{where}: found a {type(entry).__name__}; expected an object.")
    unknown = sorted(set(entry) - _FIELDS)
    if unknown:
        raise ValueError(f"{where}: found the field {unknown[0]!r}; expected one of {', '.join(sorted(_FIELDS))}.")
    if entry.get("operation") not in ("*", *operations):
        known = ", ".join(sorted(operations))
        raise ValueError(f"{where}: operation: found {entry.get('operation')!r}; expected * or one of {known}.")
    if entry.get("kind") not in KINDS:
        raise ValueError(f"{where}: kind: found {entry.get('kind')!r}; expected one of {', '.join(KINDS)}.")
    _check_number(entry, "rate", where, 0, 1)
    _check_number(entry, "seconds", where, 0, 3600)
    times = entry.get("times")
    if times is not None and (type(times) is not int or times < 0):
        raise ValueError(f"{where}: times: found {times!r}; expected an integer from 0, or null for no limit.")
    return Fault(**entry)


def _check_number(entry: dict[str, Any], name: str, where: str, low: float, high: float) -> None:
    value = entry.get(name, low)
    if type(value) not in (int, float) or not low <= value <= high:
        raise ValueError(f"{where}: {name}: found {value!r}; expected a number from {low} to {high}.")
