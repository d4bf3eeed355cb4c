"""Readings that many pages share: one call an interval, in a thread, with a time limit for each page."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Reading", "SharedReadings"]

V = TypeVar("V")

#: Threads of a group: one slow service takes no thread of another one.
THREADS = 2
#: Most groups and most readings that are kept.
MAX_GROUPS, MAX_READINGS = 32, 500


@dataclass(frozen=True)
class Reading(Generic[V]):
    """Last known value and error of one reading.

    :ivar value: the last value that was read, None when there is none
    :ivar error: error of the last reading, None after a success
    :ivar waited: seconds since the present reading began, 0.0 when none is in progress
    """

    value: V | None
    error: Exception | None
    waited: float


class _Entry(Generic[V]):
    def __init__(self) -> None:
        self.value: V | None = None
        self.error: Exception | None = None
        self.due = 0.0
        self.begun = 0.0
        self.running: Future[None] | None = None


class SharedReadings(Generic[V]):
    """Values by key. A value is read again when it is asked for and its interval has passed.

    :param limit: seconds that :meth:`get` waits for a reading
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry[V]] = OrderedDict()
        self._threads: OrderedDict[Hashable, ThreadPoolExecutor] = OrderedDict()

    async def get(
        self, group: Hashable, key: Hashable, read: Callable[[V | None], V], interval: Callable[[V | None], float]
    ) -> Reading[V]:
        """Return a value that is no older than its interval, or what is known when the time limit has passed.

        :param group: what may be slow as a whole, such as a connection
        :param key: what is read
        :param read: reads the value, in another thread; it gets the last one, or None if the last reading failed
        :param interval: seconds for which a value stays; None stands for a reading that failed
        """
        entry, future = self._begin(group, (group, key), read, interval)
        if future is not None:
            # Neither the limit nor a request that is cut off ends the reading, which others wait for too.
            await asyncio.wait([asyncio.wrap_future(future)], timeout=self._limit)
        waited = time.monotonic() - entry.begun if entry.running is not None else 0.0
        return Reading(entry.value, entry.error, waited)

    def _begin(
        self, group: Hashable, key: Hashable, read: Callable[[V | None], V], interval: Callable[[V | None], float]
    ) -> tuple[_Entry[V], Future[None] | None]:
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            if entry.running is None and time.monotonic() >= entry.due:
                entry.begun = time.monotonic()
                entry.running = self._pool(group).submit(self._read, entry, read, interval)
            self._forget()
            return entry, entry.running

    def _read(self, entry: _Entry[V], read: Callable[[V | None], V], interval: Callable[[V | None], float]) -> None:
        value, error = None, None
        try:
            value = read(None if entry.error else entry.value)
        except Exception as found:
            error = found
        with self._lock:
            entry.value, entry.error = (entry.value, error) if error else (value, None)
            entry.due = time.monotonic() + interval(value)
            entry.running = None

    def _pool(self, group: Hashable) -> ThreadPoolExecutor:
        if group not in self._threads:
            self._threads[group] = ThreadPoolExecutor(THREADS, thread_name_prefix="bcs-page")
        self._threads.move_to_end(group)
        return self._threads[group]

    def _forget(self) -> None:
        for key, entry in list(self._entries.items())[: max(0, len(self._entries) - MAX_READINGS)]:
            if entry.running is None:
                del self._entries[key]
        while len(self._threads) > MAX_GROUPS:
            # Readings that have begun go on to their end.
            self._threads.popitem(last=False)[1].shutdown(wait=False)
