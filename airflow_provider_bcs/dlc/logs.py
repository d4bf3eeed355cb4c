"""Read each line of a growing pod log once, without a cursor of the service.

GetPodLogs returns the lines of a time window, to the second, up to a limit. Its documentation says neither which lines
it omits beyond the limit, nor how late a line may arrive. So the reader works like this:

- It reads a window again and again from one fixed start, and subtracts the lines that it has, as a multiset. It tells
  equal lines apart by their number, and finds a late line at any place.
- A window ends some seconds in the past, where the service has all lines.
- An answer with as many lines as the request allows, or with 1000, 2000, 5000 ... of them, may be incomplete. The
  reader then shortens the window, or requests more lines.
- When a window has become large, the reader moves its start. It asks the service which known lines lie in the new
  window, between two equal answers for the old window: so no line arrived in between.

The reader can miss lines of a busy log that arrive more than half a minute late, and lines of one second beyond the
service's limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

#: Function that requests lines: start and end of the window in seconds since 1970 (None: no end), most lines.
Fetch = Callable[[int, "int | None", int], list[str]]

#: Most lines of a request. The service's limit is not documented; it is known to accept 5000.
FIRST_MAX_LINES = 5000
_LAST_MAX_LINES = 1_000_000
# Numbers that an undocumented limit of the service may have.
_USUAL_LIMITS = frozenset(digit * 10**zeros for digit in (1, 2, 5) for zeros in (3, 4, 5))
#: A window with more than _LARGE lines gets a later start, so that at most _KEPT lines remain.
_LARGE, _KEPT = 1000, 800
#: Seconds that a window reaches back before its last end: a line may arrive this late.
_OVERLAP = 30
#: Seconds in which recent lines may still be missing; the reader doubles them when they prove too few.
_MARGIN = 3
_MAX_MARGIN = 60


class _Window(NamedTuple):
    end: int
    lines: list[str]


def may_lack_lines(lines: list[str], asked: int) -> bool:
    """Return whether an answer may be incomplete.

    :param asked: most lines of the request

    >>> may_lack_lines(["line"] * 1000, 5000), may_lack_lines(["line"] * 999, 5000)
    (True, False)
    """
    return len(lines) >= asked or len(lines) in _USUAL_LIMITS


class PodLogReader:
    """Reader of the log of one pod.

    :param fetch: requests the lines of a window
    :param now: the service's clock, in seconds since 1970
    :param start: a time before the first line, in seconds since 1970
    """

    def __init__(self, fetch: Fetch, now: Callable[[], float], start: float) -> None:
        self._fetch = fetch
        self._now = now
        self._start = int(start)
        # All lines up to _done are read; those since the start of the window are in _had.
        self._done = self._start - 1
        self._had: Counter[str] = Counter()
        self._max_lines = FIRST_MAX_LINES
        self._margin = _MARGIN
        # Seconds whose lines probably fit into one request; None: no limit.
        self._width: int | None = None
        self._pending: list[str] = []

    def read(self, limit: int, *, ended: bool = False) -> list[str]:
        """Return new lines, in their order.

        :param limit: most lines; the next calls return the rest
        :param ended: whether the pod has ended: then read all lines up to the present
        """
        end = int(self._now()) - (0 if ended else self._margin)
        while len(self._pending) < limit and self._done < end:
            self._pending += self._advance(end)
        if ended and len(self._pending) < limit:
            self._pending += self._read_rest()
        lines, self._pending = self._pending[:limit], self._pending[limit:]
        return lines

    def _advance(self, end: int) -> list[str]:
        """Read the lines of one request, at most up to ``end``."""
        window = self._whole(end if self._width is None else min(end, self._done + self._width))
        new = _without(window.lines, self._had)
        # Seconds that probably fill half a request; the other half holds known lines.
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
        """Read the window up to ``end``, or up to an earlier time for which the answer is complete."""
        first = self._done + 1
        while True:
            lines = self._fetch(self._start, end, self._max_lines)
            if not may_lack_lines(lines, self._max_lines):
                return _Window(end, lines)
            if end > first:
                end = first + (end - first) // 2
            elif self._had and self._start < self._done and self._move_start(self._read(self._done), 0):
                # Known lines filled the request.
                continue
            elif len(lines) >= self._max_lines < _LAST_MAX_LINES:
                self._max_lines *= 2
            else:
                # The service returns no more lines of one second.
                return _Window(end, lines)

    def _read(self, end: int) -> _Window:
        return _Window(end, self._fetch(self._start, end, self._max_lines))

    def _move_start(self, window: _Window, most: int) -> bool:
        """Move the start of the window so that at most ``most`` lines, or one second, follow it."""
        longest = max(0, window.end - self._start - 1)
        overlap = min(_OVERLAP, longest)
        lines = self._fetch(window.end - overlap, window.end, self._max_lines)
        while len(lines) > most and overlap:
            overlap //= 2
            lines = self._fetch(window.end - overlap, window.end, self._max_lines)
        # A quiet log has room for a longer overlap, which finds later lines.
        while len(lines) <= most // 2 and overlap < longest:
            wider = min(2 * overlap, longest)
            more = self._fetch(window.end - wider, window.end, self._max_lines)
            if len(more) > most:
                break
            overlap, lines = wider, more
        # Only without new lines in between are these the known lines.
        if self._read(window.end) != window:
            self._margin = min(2 * self._margin, _MAX_MARGIN)
            return False
        beyond = self._had - Counter(window.lines)
        self._start, self._had = window.end - overlap, Counter(lines) + beyond
        return True

    def _read_rest(self) -> list[str]:
        """Read without an end: this clock and the service's may differ."""
        most = self._max_lines
        while len(lines := self._fetch(self._start, None, most)) >= most < _LAST_MAX_LINES:
            most *= 2
        new = _without(lines, self._had)
        self._had |= Counter(lines)
        return new


def _without(lines: Iterable[str], had: Counter[str]) -> list[str]:
    """Return ``lines`` without those in ``had``; of equal lines, remove the first ones."""
    left = had.copy()
    new = []
    for line in lines:
        if left[line] > 0:
            left[line] -= 1
        else:
            new.append(line)
    return new
