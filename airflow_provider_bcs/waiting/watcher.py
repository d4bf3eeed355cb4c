"""One watcher for many waits: their states are asked for together, and each wait hears only what is new.

It lives in one event loop; what blocks, the client, runs in a thread, one call at a time.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from airflow_provider_bcs.exceptions import (
    AccessDeniedError,
    ApiError,
    NoAnswerError,
    NotFoundError,
    ServerError,
    ThrottledError,
)

from .polling import Status

if TYPE_CHECKING:
    from airflow_provider_bcs.http.client import ServiceClient

#: Threads of their own: those of the event loop are few, and a service that hangs would hold them all. Each watcher has
#: one at a time; the others stop jobs.
_THREADS = ThreadPoolExecutor(64, thread_name_prefix="bcs-poll")
#: The most threads of one connection besides.
_OWN_THREADS = 64

#: How long a thread goes on before it tells what is new, and how much news it tells at once.
_SLICE = 0.2
_MAX_NEWS = 50

#: Seconds between the attempts to get a client for somebody who does not wait in rounds.
_RECONNECT_PAUSES = (0.5, 1.0, 2.0, 4.0)

#: Seconds between two looks at least; Airflow allows sensors an interval of 0.
_MIN_INTERVAL = 0.1

#: Seconds without a call after a call that the service could not answer: the first time, and at most.
_FIRST_PAUSE = 1.0
_MAX_PAUSE = 120.0

T = TypeVar("T")
Answer = Status | Exception
#: Yields the states of what it is given, in any order, each as soon as it is known; an error that concerns one of them
#: is its answer, and one that concerns all of them is raised.
ReadAll = Callable[[Any, Iterable[Any]], Iterator[tuple[Hashable, Answer]]]


async def in_thread(function: Callable[[], T], threads: ThreadPoolExecutor = _THREADS) -> T:
    """Run what blocks beside the event loop, which is everybody's."""
    # The context says whose log a line is for.
    return await asyncio.get_running_loop().run_in_executor(threads, copy_context().run, function)


class Wait:
    """One that waits.

    :param target: what for
    :param interval: seconds between two looks
    """

    __slots__ = ("_answer", "_future", "_said", "_timer", "interval", "is_over", "target")

    def __init__(self, target: Hashable, interval: float) -> None:
        self.target = target
        self.interval = interval
        #: Whether its deadline has passed.
        self.is_over = False
        self._answer: Answer | None = None
        self._said: str | None = None
        self._future: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def news(self) -> Answer | None:
        """Return the next answer that is not the one of before; None when the deadline has passed."""
        while self._answer is None and not self.is_over:
            self._future = asyncio.get_running_loop().create_future()
            await self._future
        answer, self._answer = self._answer, None
        return answer

    def is_new(self, answer: Answer) -> bool:
        """Tell whether it has not heard this yet; called where the answers are read."""
        if isinstance(answer, Exception):
            # After it the same state is news again: there is an answer now.
            self._said = None
            return True
        # Thousands say the same; it is kept once.
        progress = sys.intern(answer.progress)
        # An end may look like what was before it: a task goes on waiting in a job that has failed.
        is_new = answer.is_terminal or progress != self._said
        self._said = progress
        return is_new

    def tell(self, answer: Answer) -> None:
        """Give it an answer; an older one that it has not taken yet is of no interest any more."""
        self._answer = answer
        self._wake()

    def end_at(self, deadline: float) -> None:
        """Set the POSIX time after which :meth:`news` waits no longer."""
        self._timer = asyncio.get_running_loop().call_later(deadline - time.time(), self._end)

    def close(self) -> None:
        """Forget the deadline."""
        if self._timer is not None:
            self._timer.cancel()

    def _end(self) -> None:
        self.is_over = True
        self._wake()

    def _wake(self) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_result(None)


class _Batch(NamedTuple):
    news: list[tuple[Wait, Answer]]
    error: Exception | None = None
    is_last: bool = False


def may_be_elsewhere(answer: object) -> bool:
    """Tell whether the connection may by now say something else: other keys, another region or endpoint."""
    return isinstance(answer, (AccessDeniedError, NoAnswerError, NotFoundError))


class _Round:
    """The answers to all who are due at one time."""

    def __init__(self, waits: Iterable[Wait], read_all: ReadAll) -> None:
        # No list for each: thousands of new ones a round are what brings the garbage collector to look at all objects
        # there are, which holds up the event loop.
        self._waits: dict[Hashable, Wait | list[Wait]] = {}
        #: How many of each interval have no answer yet.
        self.open: Counter[float] = Counter()
        for wait in waits:
            self.open[wait.interval] += 1
            found = self._waits.setdefault(wait.target, wait)
            if isinstance(found, list):
                found.append(wait)
            elif found is not wait:
                self._waits[wait.target] = [found, wait]
        self._read_all = read_all
        self._answers: Iterator[tuple[Hashable, Answer]] | None = None
        self._may_reconnect = True

    def read(self, client: ServiceClient) -> _Batch:
        """Go on reading until there is something to tell or some time has passed; blocks."""
        news: list[tuple[Wait, Answer]] = []
        end = time.monotonic() + _SLICE
        try:
            if self._answers is None:
                self._answers = self._read_all(client, list(self._waits))
            for target, answer in self._answers:
                if isinstance(answer, AccessDeniedError) and self._may_reconnect:
                    raise answer
                answered = _each(self._waits.pop(target, ()))
                self._close(answered)
                news += [(wait, answer) for wait in answered if wait.is_new(answer)]
                if len(news) >= _MAX_NEWS or time.monotonic() >= end:
                    return _Batch(news)
        except AccessDeniedError as error:
            if self._may_reconnect:
                # Temporary keys end; the connection may have others by now.
                self._may_reconnect, self._answers = False, None
                return _Batch(news, error)
            return self.give_up(error, news)
        except Exception as error:
            return self.give_up(error, news)
        return _Batch(news, is_last=True)

    def _close(self, answered: Sequence[Wait]) -> None:
        for wait in answered:
            self.open[wait.interval] -= 1
            if not self.open[wait.interval]:
                del self.open[wait.interval]

    def give_up(self, error: Exception, news: list[tuple[Wait, Answer]]) -> _Batch:
        """Tell all who have no answer yet that there is none."""
        unanswered = [wait for waits in self._waits.values() for wait in _each(waits)]
        return _Batch(news + [(wait, error) for wait in unanswered if wait.is_new(error)], error, is_last=True)


def _each(waits: Wait | Sequence[Wait]) -> Sequence[Wait]:
    return (waits,) if isinstance(waits, Wait) else waits


def _shuffled(waits: Collection[Wait]) -> Sequence[Wait]:
    return random.sample(tuple(waits), len(waits))


class Watcher:
    """All waits of one connection in one event loop.

    Waits of the same interval are asked for at the same time, and those of 60 s together with those of 5 s whenever
    both are due. While a long round is being read, other intervals come in between, in turn. After an error that
    concerns the whole service nothing is asked for a while.

    :param connect: gives a client; an ApiError that it raises is a failed poll of all who are due, anything else
        ends their waits
    :param read_all: asks for many states
    """

    def __init__(self, connect: Callable[[], Awaitable[ServiceClient]], read_all: ReadAll) -> None:
        self._connect = connect
        self._read_all = read_all
        # What each wait asks for by itself keeps no other connection's waits from their answers when nobody answers.
        self._threads = ThreadPoolExecutor(_OWN_THREADS, thread_name_prefix="bcs-wait")
        self._connecting = asyncio.Lock()
        self._client: ServiceClient | None = None
        self._waits: dict[float, set[Wait]] = {}
        self._due: dict[float, float] = {}
        self._rounds: deque[_Round] = deque()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        # Several triggerers of one account do not ask at the same time.
        self._phase = random.uniform(0, 3600)  # noqa: S311
        self._failures = 0
        self._paused_until = 0.0

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Run what asks the service for one wait only, beside the event loop."""
        return await in_thread(function, self._threads)

    async def client(self) -> Any:
        """Return the client of the connection; it blocks, use it in a thread.

        :raises ApiError: when it cannot be had, after some attempts
        """
        for pause in _RECONNECT_PAUSES:
            with suppress(ApiError):
                return await self._connected()
            await asyncio.sleep(pause)
        return await self._connected()

    async def another_client(self, client: object) -> Any:
        """Return a client of the connection as it is by now, for somebody whose client is of no use any more.

        :raises ApiError: when it cannot be had, after some attempts
        """
        if self._client is client:
            self._disconnect()
        return await self.client()

    async def _connected(self) -> ServiceClient:
        async with self._connecting:
            if self._client is None:
                self._client = await self._connect()
            return self._client

    def watch(self, target: Hashable, interval: float, deadline: float | None = None) -> Wait:
        """Begin to ask for the state of something, until :meth:`forget`.

        :param target: one of those that ``read_all`` understands
        :param interval: seconds between two looks
        :param deadline: POSIX time at which the wait is over, in seconds; None for no end
        """
        # What cannot be looked up fails here, and not in the round of all.
        hash(target)
        interval = max(_MIN_INTERVAL, interval)
        wait = Wait(target, interval)
        if deadline is not None:
            wait.end_at(deadline)
        if interval not in self._waits:
            self._waits[interval] = set()
            self._due[interval] = self._next(interval)
            self._changed.set()
        self._waits[interval].add(wait)
        if self._task is None or self._task.done():
            # A context of its own: what is logged here belongs to no single task.
            self._task = Context().run(asyncio.get_running_loop().create_task, self._run())
            self._task.add_done_callback(self._ended)
        return wait

    def forget(self, wait: Wait) -> None:
        """End a wait."""
        wait.close()
        waits = self._waits[wait.interval]
        waits.discard(wait)
        if not waits:
            del self._waits[wait.interval], self._due[wait.interval]

    def close(self) -> None:
        """End everything."""
        if self._task is not None:
            self._task.cancel()
        self._threads.shutdown(wait=False)
        self._disconnect()

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _next(self, interval: float) -> float:
        """Return the next time of an interval's own; those of 5 s and those of 60 s meet once a minute."""
        present = time.monotonic() + self._phase
        return (present // interval + 1) * interval - self._phase

    async def _run(self) -> None:
        while True:
            present = time.monotonic()
            if present >= self._paused_until:
                self._begin_round(present)
            if self._rounds and present >= self._paused_until:
                await self._go_on(self._rounds[0])
            else:
                await self._sleep(present)

    def _begin_round(self, present: float) -> None:
        busy = {interval for begun in self._rounds for interval in begun.open}
        due = [interval for interval, when in self._due.items() if when <= present and interval not in busy]
        for interval in due:
            self._due[interval] = self._next(interval)
        if due:
            # Who is in a hurry comes first. Among them in another order each time: where reading breaks off at one of
            # them again and again, the others are asked for all the same.
            waits = (wait for interval in sorted(due) for wait in _shuffled(self._waits[interval]))
            self._rounds.append(_Round(waits, self._read_all))

    async def _go_on(self, begun: _Round) -> None:
        try:
            client = await self._connected()
        except Exception as error:
            batch = begun.give_up(error, [])
        else:
            batch = await in_thread(partial(begun.read, client))
        self._rounds.popleft()
        if not batch.is_last:
            # Each in turn: an interval that is shorter than its round takes would let no other go on.
            self._rounds.append(begun)
        if may_be_elsewhere(batch.error) or any(isinstance(answer, NotFoundError) for _, answer in batch.news):
            self._disconnect()
        self._back_off(batch.error)
        for first in range(0, len(batch.news), _MAX_NEWS):
            for wait, answer in batch.news[first : first + _MAX_NEWS]:
                wait.tell(answer)
            # What those who were told do about it shares the event loop with everybody.
            await asyncio.sleep(0)

    def _back_off(self, error: Exception | None) -> None:
        if not isinstance(error, (ThrottledError, NoAnswerError, ServerError)):
            self._failures = 0
            return
        pause = min(_FIRST_PAUSE * 2**self._failures, _MAX_PAUSE)
        self._failures = min(self._failures + 1, 16)
        asked = min(getattr(error, "retry_after", None) or 0.0, _MAX_PAUSE)
        self._paused_until = time.monotonic() + max(random.uniform(pause / 2, pause), asked)  # noqa: S311

    async def _sleep(self, present: float) -> None:
        times = [self._paused_until] if self._rounds else list(self._due.values())
        timeout = max(min(times), self._paused_until) - present if times else None
        self._changed.clear()
        # Not wait_for, which before Python 3.12 may let a cancellation pass unnoticed.
        timer = None if timeout is None else asyncio.get_running_loop().call_later(timeout, self._changed.set)
        try:
            await self._changed.wait()
        finally:
            if timer is not None:
                timer.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        # Nobody may be left waiting for what nobody asks for any more.
        for waits in self._waits.values():
            for wait in waits:
                wait.tell(error if isinstance(error, Exception) else RuntimeError(str(error)))
