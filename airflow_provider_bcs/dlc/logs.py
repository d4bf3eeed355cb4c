"""Read a growing pod log once and whole, although the service has no cursor for it.

GetPodLogs gives the lines of a window of time, to the second, and at most so many of them; which it leaves out beyond
that is not documented, nor how late a line may turn up. So:

- A window is read again and again from one fixed start, and what it had before is subtracted as a multiset: lines that
  are equal are told apart by their number, and one that turns up late is found wherever it stands.
- A window ends some seconds in the past, where no line is being written any more.
- An answer with as many lines as were asked for, or with 1000, 2000, 5000 ... of them, may not be whole: the window is
  made shorter, or more lines are asked for.
- When a window has become large its start is moved. Which of the lines that were had already lie in the new window is
  then read from the service, between two equal answers for the old one: so nothing came in between.

What is lost all the same: lines of a busy log that turn up more than half a minute later than others do, and what is
written in one second beyond the most lines that the service gives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

#: What asks the service: start and end of the window in seconds since 1970, end None for no end; the most lines.
Fetch = Callable[[int, "int | None", int], list[str]]

#: Lines a request; the limit is not documented, its default is 2000, and 5000 are known to be taken.
FIRST_MAX_LINES = 5000
_LAST_MAX_LINES = 1_000_000
# What a limit of the service may be that nobody knows of.
_USUAL_LIMITS = frozenset(digit * 10**zeros for digit in (1, 2, 5) for zeros in (3, 4, 5))
#: A window with more lines than this gets a later start, so that it has no more than that many.
_LARGE, _KEPT = 1000, 800
#: Seconds that a window reaches back behind its last end, if it may: a line may turn up that much later than it was
#: written.
_OVERLAP = 30
#: Seconds in which lines of the present are still on their way; more where that shows to be too few.
_MARGIN = 3
_MAX_MARGIN = 60


class _Window(NamedTuple):
    end: int
    lines: list[str]


def may_lack_lines(lines: list[str], asked: int) -> bool:
    """Tell whether an answer may not be whole, ``asked`` being the most lines that were asked for."""
    return len(lines) >= asked or len(lines) in _USUAL_LIMITS


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
        self._margin = _MARGIN
        # Seconds that one request is likely to give, None for all.
        self._width: int | None = None
        self._pending: list[str] = []

    def read(self, limit: int, *, ended: bool = False) -> list[str]:
        """Return lines that were not returned before, in their order.

        :param limit: the most lines; what is beyond comes with the next calls
        :param ended: whether the pod writes no more: then everything is read, up to the present
        """
        end = int(self._now()) - (0 if ended else self._margin)
        while len(self._pending) < limit and self._done < end:
            self._pending += self._advance(end)
        if ended and len(self._pending) < limit:
            self._pending += self._read_rest()
        lines, self._pending = self._pending[:limit], self._pending[limit:]
        return lines

    def _advance(self, end: int) -> list[str]:
        """Read as much as one request gives, at most up to ``end``."""
        window = self._whole(end if self._width is None else min(end, self._done + self._width))
        new = _without(window.lines, self._had)
        # As many seconds as are likely to fill half a request; the other half is for lines that were had.
        seconds = window.end - self._done
        self._width = max(1, self._max_lines * seconds // (2 * len(new))) if len(new) > _LARGE else None
        self._had |= Counter(window.lines)
        self._done = window.end
        if len(window.lines) > _LARGE:
            self._move_start(window, _KEPT)
        if len(window.lines) < FIRST_MAX_LINES // 2:
            self._max_lines = FIRST_MAX_LINES
        return new

    def _whole(self, end: int) -> _Window:
        """Read the window up to ``end``, or up to an earlier time at which the answer is whole."""
        first = self._done + 1
        while True:
            lines = self._fetch(self._start, end, self._max_lines)
            if not may_lack_lines(lines, self._max_lines):
                return _Window(end, lines)
            if end > first:
                end = first + (end - first) // 2
            elif self._had and self._start < self._done and self._move_start(self._read(self._done), 0):
                # What was had took the room.
                continue
            elif len(lines) >= self._max_lines < _LAST_MAX_LINES:
                self._max_lines *= 2
            else:
                # The service gives no more of one second.
                return _Window(end, lines)

    def _read(self, end: int) -> _Window:
        return _Window(end, self._fetch(self._start, end, self._max_lines))

    def _move_start(self, window: _Window, most: int) -> bool:
        """Give the window a later start, with at most so many lines behind it or within one second."""
        longest = max(0, window.end - self._start - 1)
        overlap = min(_OVERLAP, longest)
        lines = self._fetch(window.end - overlap, window.end, self._max_lines)
        while len(lines) > most and overlap:
            overlap //= 2
            lines = self._fetch(window.end - overlap, window.end, self._max_lines)
        # Where that leaves room, lines may all turn up later than the overlap is long.
        while len(lines) <= most // 2 and overlap < longest:
            wider = min(2 * overlap, longest)
            more = self._fetch(window.end - wider, window.end, self._max_lines)
            if len(more) > most:
                break
            overlap, lines = wider, more
        # Only if nothing came in between are these the lines that were had.
        if self._read(window.end) != window:
            self._margin = min(2 * self._margin, _MAX_MARGIN)
            return False
        beyond = self._had - Counter(window.lines)
        self._start, self._had = window.end - overlap, Counter(lines) + beyond
        return True

    def _read_rest(self) -> list[str]:
        """Read without an end: the clocks may differ, and so may what is called the present."""
        most = self._max_lines
        while len(lines := self._fetch(self._start, None, most)) >= most < _LAST_MAX_LINES:
            most *= 2
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
