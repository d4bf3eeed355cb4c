"""Subscription of one waiter to the state of one target."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Hashable

from .polling import Status

__all__ = ["PollResult", "Subscription"]

#: State of a target, or the error of its poll.
PollResult = Status | Exception


class Subscription:
    """Subscription to the state of one target.

    :param target: the polled target
    :param interval: seconds between two polls
    :ivar has_expired: whether the deadline has passed
    """

    __slots__ = ("_last_progress", "_timer", "_update", "_waiter", "has_expired", "interval", "target")

    def __init__(self, target: Hashable, interval: float) -> None:
        self.target = target
        self.interval = interval
        self.has_expired = False
        self._update: PollResult | None = None
        self._last_progress: str | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def next_update(self) -> PollResult | None:
        """Wait for the next change of the state, or for an error.

        :return: the state or the error; None when the deadline passed first
        """
        while self._update is None and not self.has_expired:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        update, self._update = self._update, None
        return update

    def is_update(self, result: PollResult) -> bool:
        """Return whether ``result`` differs from the result before; called once per poll, in the polling thread."""
        if isinstance(result, Exception):
            # The same state is an update again after an error: it shows that the poll works again.
            self._last_progress = None
            return True
        # Thousands of subscriptions keep the same text; interning stores it once.
        progress = sys.intern(result.progress)
        # A terminal state may have the same progress text as the state before it: a task stays Waiting in a failed job.
        is_update = result.is_terminal or progress != self._last_progress
        self._last_progress = progress
        return is_update

    def notify(self, update: PollResult) -> None:
        """Set the next update. It replaces an earlier update that was not read yet."""
        self._update = update
        self._wake()

    def expire_at(self, deadline: float | None) -> None:
        """Set the deadline, in seconds of POSIX time, in place of an earlier one; None: no deadline."""
        self.close()
        self.has_expired = False
        if deadline is None:
            return
        self._timer = asyncio.get_running_loop().call_later(deadline - time.time(), self._expire)

    def close(self) -> None:
        """Cancel the deadline's timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _expire(self) -> None:
        self.has_expired = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
