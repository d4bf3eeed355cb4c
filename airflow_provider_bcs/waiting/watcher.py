"""Shared poller: one :class:`Watcher` polls the states of many targets and notifies each subscription of changes.

It runs in one event loop. The client blocks, so its calls run in a thread, one call at a time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from airflow_provider_bcs.exceptions import (
    AccessDeniedError,
    ApiError,
    NoAnswerError,
    NotFoundError,
    ServerError,
    ThrottledError,
)

from .subscription import PollResult, Subscription

if TYPE_CHECKING:
    from airflow_provider_bcs.http.client import ServiceClient

__all__ = ["ReadAll", "Watcher", "in_thread", "needs_reconnect"]

#: Threads for polls. The event loop's default executor has few threads, and a service that hangs would block all of
#: them. Each watcher uses one of these threads at a time.
_THREADS = ThreadPoolExecutor(64, thread_name_prefix="bcs-poll")
#: Maximum number of further threads of one connection, for calls that concern one target, such as StopJob.
_OWN_THREADS = 64

#: Seconds that a thread reads before it returns the updates found so far.
_SLICE = 0.2
#: Maximum number of subscriptions to notify without a break for the event loop.
_MAX_UPDATES = 50

#: Seconds between the attempts of :meth:`Watcher.client` to connect.
_RECONNECT_PAUSES = (0.5, 1.0, 2.0, 4.0)

#: Minimum seconds between two polls. Airflow allows an interval of 0 for sensors.
_MIN_INTERVAL = 0.1

#: Seconds without a poll after the first failed call, and the maximum of the exponential back-off.
_FIRST_PAUSE = 1.0
_MAX_PAUSE = 120.0

T = TypeVar("T")
C = TypeVar("C", bound="ServiceClient")
#: Function of a client and targets. It yields one ``(target, result)`` pair per target as soon as the result is known,
#: in any order. It yields an error that concerns one target, and raises an error that concerns all targets.
ReadAll = Callable[[Any, Iterable[Any]], Iterator[tuple[Hashable, PollResult]]]


async def in_thread(function: Callable[[], T], threads: ThreadPoolExecutor = _THREADS) -> T:
    """Run a blocking function in a thread and return its result."""
    # Airflow finds the log file of a task through context variables.
    return await asyncio.get_running_loop().run_in_executor(threads, copy_context().run, function)


class _Batch(NamedTuple):
    updates: list[tuple[Subscription, PollResult]]
    error: Exception | None = None
    is_last: bool = False


def needs_reconnect(result: object) -> bool:
    """Return whether ``result`` may come from outdated settings: other keys, another region or endpoint."""
    return isinstance(result, (AccessDeniedError, NoAnswerError, NotFoundError))


class _Round:
    """One poll of all subscriptions that are due at the same time."""

    def __init__(self, subscriptions: Iterable[Subscription], read_all: ReadAll) -> None:
        # No list per target: thousands of new lists a round trigger full garbage collections, which block the loop.
        self._subscriptions: dict[Hashable, Subscription | list[Subscription]] = {}
        #: Number of subscriptions without a result, by interval.
        self.pending: Counter[float] = Counter()
        for subscription in subscriptions:
            self.pending[subscription.interval] += 1
            found = self._subscriptions.setdefault(subscription.target, subscription)
            if isinstance(found, list):
                found.append(subscription)
            elif found is not subscription:
                self._subscriptions[subscription.target] = [found, subscription]
        self._read_all = read_all
        self._results: Iterator[tuple[Hashable, PollResult]] | None = None
        self._may_reconnect = True

    def read(self, client: ServiceClient) -> _Batch:
        """Read until the time slice ends or enough updates are found; blocks."""
        updates: list[tuple[Subscription, PollResult]] = []
        end = time.monotonic() + _SLICE
        try:
            if self._results is None:
                self._results = self._read_all(client, list(self._subscriptions))
            for target, result in self._results:
                if isinstance(result, AccessDeniedError) and self._may_reconnect:
                    raise result
                answered = _as_sequence(self._subscriptions.pop(target, ()))
                self._settle(answered)
                updates += [(subscription, result) for subscription in answered if subscription.is_update(result)]
                if len(updates) >= _MAX_UPDATES or time.monotonic() >= end:
                    return _Batch(updates)
        except AccessDeniedError as error:
            if self._may_reconnect:
                # Temporary keys expire; the connection may hold new ones by now.
                self._may_reconnect, self._results = False, None
                return _Batch(updates, error)
            return self.fail(error, updates)
        except Exception as error:
            return self.fail(error, updates)
        return _Batch(updates, is_last=True)

    def _settle(self, answered: Sequence[Subscription]) -> None:
        for subscription in answered:
            self.pending[subscription.interval] -= 1
            if not self.pending[subscription.interval]:
                del self.pending[subscription.interval]

    def fail(self, error: Exception, updates: list[tuple[Subscription, PollResult]]) -> _Batch:
        """Return ``updates`` and ``error`` for each subscription without a result."""
        unanswered = [each for found in self._subscriptions.values() for each in _as_sequence(found)]
        return _Batch(updates + [(each, error) for each in unanswered if each.is_update(error)], error, is_last=True)


def _as_sequence(found: Subscription | Sequence[Subscription]) -> Sequence[Subscription]:
    return (found,) if isinstance(found, Subscription) else found


def _shuffled(subscriptions: Collection[Subscription]) -> Sequence[Subscription]:
    return random.sample(tuple(subscriptions), len(subscriptions))


class Watcher(Generic[C]):
    """Poller of all subscriptions of one connection in one event loop.

    Subscriptions of the same interval are polled together. Those of 60 s share a poll with those of 5 s once a minute.
    Intervals take turns, so a long round does not delay a short interval. After an error of the whole service, polling
    pauses with exponential back-off.

    :param connect: coroutine function that returns a client. An ApiError that it raises counts as a failed poll of all
        due subscriptions; any other exception is delivered to them too
    :param read_all: reads the states of many targets

    A ``read_all`` that answers at once, in place of :func:`airflow_provider_bcs.batchcompute.reading.read_all`:

    >>> from types import SimpleNamespace
    >>> from airflow_provider_bcs.batchcompute import Client
    >>> def read_all(client, job_ids):
    ...     for job_id in job_ids:
    ...         yield job_id, SimpleNamespace(is_terminal=True, outcome="Finished", progress="1 of 1 tasks")
    >>> async def connect():
    ...     return Client("cn-shanghai", "key-id", "secret")
    >>> async def main():
    ...     watcher = Watcher(connect, read_all)
    ...     subscription = watcher.subscribe("job-1", interval=0.1)
    ...     try:
    ...         return await subscription.next_update()
    ...     finally:
    ...         watcher.close()
    >>> asyncio.run(main()).outcome
    'Finished'
    """

    def __init__(self, connect: Callable[[], Awaitable[C]], read_all: ReadAll) -> None:
        self._connect = connect
        self._read_all = read_all
        # Own threads: calls that hang here do not delay the polls of other connections.
        self._threads = ThreadPoolExecutor(_OWN_THREADS, thread_name_prefix="bcs-wait")
        self._connecting = asyncio.Lock()
        self._client: C | None = None
        self._subscriptions: dict[float, set[Subscription]] = {}
        self._due: dict[float, float] = {}
        self._rounds: deque[_Round] = deque()
        self._wake_up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        # A random phase keeps several triggerers of one account from polling at the same moment.
        self._phase = random.uniform(0, 3600)  # noqa: S311
        self._failures = 0
        self._paused_until = 0.0

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Run a blocking call that concerns one target in one of the watcher's own threads."""
        return await in_thread(function, self._threads)

    async def client(self) -> C:
        """Return the client of the connection. Its methods block: call them in a thread.

        :raises ApiError: when five attempts to connect failed
        """
        for pause in _RECONNECT_PAUSES:
            with suppress(ApiError):
                return await self._connected()
            await asyncio.sleep(pause)
        return await self._connected()

    async def reconnect(self, client: object) -> C:
        """Return a client with the connection's present settings, in place of one that fails.

        :param client: the client that fails
        :raises ApiError: when five attempts to connect failed
        """
        if self._client is client:
            self._disconnect()
        return await self.client()

    async def _connected(self) -> C:
        async with self._connecting:
            if self._client is None:
                self._client = await self._connect()
            return self._client

    def subscribe(self, target: Hashable, interval: float, deadline: float | None = None) -> Subscription:
        """Poll the state of a target until :meth:`unsubscribe`.

        :param target: a target that ``read_all`` understands
        :param interval: seconds between two polls; at least 0.1 s
        :param deadline: POSIX time in seconds after which the subscription expires; None for no deadline
        :raises TypeError: when the target is not hashable
        """
        # An unhashable target fails here; in a round it would fail the polls of all subscriptions.
        hash(target)
        interval = max(_MIN_INTERVAL, interval)
        subscription = Subscription(target, interval)
        if deadline is not None:
            subscription.expire_at(deadline)
        if interval not in self._subscriptions:
            self._subscriptions[interval] = set()
            self._due[interval] = self._next(interval)
            self._wake_up.set()
        self._subscriptions[interval].add(subscription)
        if self._task is None or self._task.done():
            # An empty context: log lines of the poller belong to no single task.
            self._task = Context().run(asyncio.get_running_loop().create_task, self._run())
            self._task.add_done_callback(self._on_done)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription. The target is polled no longer."""
        subscription.close()
        remaining = self._subscriptions[subscription.interval]
        remaining.discard(subscription)
        if not remaining:
            del self._subscriptions[subscription.interval], self._due[subscription.interval]

    def close(self) -> None:
        """Stop polling and close the client."""
        if self._task is not None:
            self._task.cancel()
        self._threads.shutdown(wait=False)
        self._disconnect()

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _next(self, interval: float) -> float:
        """Return the next due time of an interval: a multiple of it, so that those of 5 s and 60 s meet."""
        present = time.monotonic() + self._phase
        return (present // interval + 1) * interval - self._phase

    async def _run(self) -> None:
        while True:
            present = time.monotonic()
            if present >= self._paused_until:
                self._start_round(present)
            if self._rounds and present >= self._paused_until:
                await self._continue_round(self._rounds[0])
            else:
                await self._sleep(present)

    def _start_round(self, present: float) -> None:
        busy = {interval for started in self._rounds for interval in started.pending}
        due = [interval for interval, when in self._due.items() if when <= present and interval not in busy]
        for interval in due:
            self._due[interval] = self._next(interval)
        if due:
            # Short intervals come first. The order within an interval is random: when reading fails at the same target
            # in each round, the other targets still get their turn.
            ordered = (each for interval in sorted(due) for each in _shuffled(self._subscriptions[interval]))
            self._rounds.append(_Round(ordered, self._read_all))

    async def _continue_round(self, started: _Round) -> None:
        try:
            client = await self._connected()
        except Exception as error:
            batch = started.fail(error, [])
        else:
            batch = await in_thread(partial(started.read, client))
        self._rounds.popleft()
        if not batch.is_last:
            # To the end of the queue: an interval shorter than its own round must not starve the others.
            self._rounds.append(started)
        if needs_reconnect(batch.error) or any(isinstance(result, NotFoundError) for _, result in batch.updates):
            self._disconnect()
        self._back_off(batch.error)
        for first in range(0, len(batch.updates), _MAX_UPDATES):
            for subscription, update in batch.updates[first : first + _MAX_UPDATES]:
                subscription.notify(update)
            # Let the notified coroutines run before the next ones are notified.
            await asyncio.sleep(0)

    def _back_off(self, error: Exception | None) -> None:
        if not isinstance(error, (ThrottledError, NoAnswerError, ServerError)):
            self._failures = 0
            return
        pause = min(_FIRST_PAUSE * 2**self._failures, _MAX_PAUSE)
        self._failures = min(self._failures + 1, 16)
        requested = min(getattr(error, "retry_after", None) or 0.0, _MAX_PAUSE)
        self._paused_until = time.monotonic() + max(random.uniform(pause / 2, pause), requested)  # noqa: S311

    async def _sleep(self, present: float) -> None:
        times = [self._paused_until] if self._rounds else list(self._due.values())
        timeout = max(min(times), self._paused_until) - present if times else None
        self._wake_up.clear()
        # Not asyncio.wait_for: before Python 3.12 it may lose a cancellation.
        timer = None if timeout is None else asyncio.get_running_loop().call_later(timeout, self._wake_up.set)
        try:
            await self._wake_up.wait()
        finally:
            if timer is not None:
                timer.cancel()

    def _on_done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        # Polling has failed for good: without this, each subscription would wait for ever.
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.notify(error if isinstance(error, Exception) else RuntimeError(str(error)))
