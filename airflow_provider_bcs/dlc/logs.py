"""Read a growing pod log once and whole, although the service has no cursor for it.

GetPodLogs gives the lines of a window of time, to the second, and at most so many of them; which it leaves out beyond
that is not documented, nor how late a line may turn up. So:

- A window is read again and again from one fixed start, and what it had before is subtracted as a multiset: lines that
  are equal are told apart by their number, and one that turns up late is found wherever it stands.
- A window ends some seconds in the past, where no line is being written any more.
- An answer with as many lines as were asked for is not whole: the window is made shorter, or more lines are asked for.
- When a window has become large its start is moved. Which of the lines that were had already lie in the new window is
  then read from the service, between two equal answers for the old one: so nothing came in between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

#: What asks the service: start and end of the window in seconds since 1970, end None for no end; the most lines.
Fetch = Callable[[int, "int | None", int], list[str]]

#: Lines a request; the limit is not documented, its default is 2000.
FIRST_MAX_LINES = 2000
_LAST_MAX_LINES = 1_000_000
#: A window with more lines than this gets a later start.
_LARGE = 300
#: Seconds that a window reaches back behind its last end: a line may turn up that much later than it was written.
_OVERLAP = 30
#: Seconds in which lines of the present are still on their way.
_MARGIN = 3


class _Window(NamedTuple):
    end: int
    lines: list[str]


class PodLogReader:
    """Reads the log of one pod.

    :param fetch: asks the service for a window
    :param now: the service's clock, in seconds since 1970
    :param start: a time before the first line, in seconds since 1970
    """

    def __init__(self, fetch: Fetch, now: Callable[[], float], start: float) -> None:
        self._fetch = fetch
        self._now = now
        self._start = int(start)
        # Everything up to here has been read; the lines of it since the window's start are in _had.
        self._done = self._start - 1
        self._had: Counter[str] = Counter()
        self._max_lines = FIRST_MAX_LINES
        self._pending: list[str] = []

    def read(self, limit: int, *, ended: bool = False) -> list[str]:
        """Return lines that were not returned before, in their order.

        :param limit: the most lines; what is beyond comes with the next calls
        :param ended: whether the pod writes no more: then everything is read, up to the present
        """
        end = int(self._now()) - (0 if ended else _MARGIN)
        while len(self._pending) < limit and self._done < end:
            self._pending += self._advance(end)
        if ended and len(self._pending) < limit:
            self._pending += self._read_rest()
        lines, self._pending = self._pending[:limit], self._pending[limit:]
        return lines

    def _advance(self, end: int) -> list[str]:
        """Read as much as one request gives, at most up to ``end``."""
        window = self._whole(self._start, end)
        new = _without(window.lines, self._had)
        self._had |= Counter(window.lines)
        self._done = window.end
        if len(window.lines) > _LARGE:
            self._move_start(window)
        return new

    def _whole(self, start: int, end: int) -> _Window:
        """Read the window up to ``end``, or up to an earlier time at which the answer is whole."""
        while True:
            lines = self._fetch(start, end, self._max_lines)
            if len(lines) < self._max_lines:
                return _Window(end, lines)
            shortest = self._done + 1
            if end > shortest:
                end = shortest + (end - shortest) // 2
            elif self._max_lines < _LAST_MAX_LINES:
                self._max_lines *= 2
            else:
                return _Window(end, lines)

    def _move_start(self, window: _Window) -> None:
        overlap = _OVERLAP
        while overlap and window.end - overlap > self._start:
            start = window.end - overlap
            lines = self._fetch(start, window.end, self._max_lines)
            if len(lines) <= max(_LARGE, len(window.lines) // 2) or overlap == 1:
                # Only if nothing came in between are these the lines that were had.
                if self._fetch(self._start, window.end, self._max_lines) == window.lines:
                    self._start, self._had = start, Counter(lines)
                return
            overlap //= 2

    def _read_rest(self) -> list[str]:
        """Read without an end: the clocks may differ, and so may what is called the present."""
        while len(lines := self._fetch(self._start, None, self._max_lines)) >= self._max_lines < _LAST_MAX_LINES:
            self._max_lines *= 2
        new = _without(lines, self._had)
        self._had |= Counter(lines)
        return new


def _without(lines: Iterable[str], had: Counter[str]) -> list[str]:
    """Return ``lines`` without those in ``had``, of equal ones the first."""
    left = had.copy()
    new = []
    for line in lines:
        if left[line] > 0:
            left[line] -= 1
        else:
            new.append(line)
    return new
