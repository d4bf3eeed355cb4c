"""Read a growing pod log once and completely, although GetPodLogs has no cursor.

GetPodLogs returns the lines between two times, in whole seconds, and at most MaxLines of them. Which lines it leaves
out then is not documented, nor how long a line takes to appear. Therefore:

- Each request starts at the same second, and the lines that were returned before are subtracted as a multiset. Equal
  lines are told apart by their number. A late line is found at any position.
- The window ends some seconds before the present, so that its newest second is complete.
- A response with MaxLines lines, or with 1000, 2000, 5000 ... of them, may be incomplete. The reader then shortens the
  window or raises MaxLines.
- The start of a large window is moved. The reader requests the lines of the new window between two requests for the old
  one. If both of these return the same, no line was added meanwhile.

Two kinds of lines are lost. In a busy log, these are lines that appear more than 30 s late. In any log, these are the
lines of one second beyond the largest number that the service returns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

#: Function of StartTime and EndTime in POSIX seconds and MaxLines. EndTime None: no end.
Fetch = Callable[[int, "int | None", int], list[str]]

#: MaxLines of the first request. The service's maximum is not documented; it accepts 5000.
FIRST_MAX_LINES = 5000
_LAST_MAX_LINES = 1_000_000
# Numbers of lines that may be an undocumented limit of the service.
_USUAL_LIMITS = frozenset(digit * 10**zeros for digit in (1, 2, 5) for zeros in (3, 4, 5))
#: The start of a window with more than ``_LARGE`` lines is moved, until at most ``_KEPT`` lines are left.
_LARGE, _KEPT = 1000, 800
#: Seconds from the new start of a moved window to its end, at first. A line that appears later than this may be lost.
_OVERLAP = 30
#: Seconds before the present in which lines may still be missing, and the maximum if that proves to be too short.
_MARGIN = 3
_MAX_MARGIN = 60


class _Window(NamedTuple):
    end: int
    lines: list[str]


def may_lack_lines(lines: list[str], max_lines: int) -> bool:
    """Return whether the service may have left out lines.

    :param lines: the lines of one response
    :param max_lines: MaxLines of its request

    >>> may_lack_lines(["a line"] * 10, max_lines=5000), may_lack_lines(["a line"] * 10, max_lines=10)
    (False, True)
    """
    return len(lines) >= max_lines or len(lines) in _USUAL_LIMITS


class PodLogReader:
    """Reader of one pod's log that returns each line once.

    :param fetch: requests the lines of a window, e.g. with :meth:`~airflow_provider_bcs.dlc.client.Client.get_pod_logs`
    :param now: returns the time of the service's clock, in POSIX seconds
    :param start: POSIX seconds; a time before the first line

    >>> log = [(10, "epoch 1"), (11, "epoch 2")]
    >>> def fetch(start, end, max_lines):
    ...     return [line for second, line in log if start <= second and (end is None or second <= end)]
    >>> reader = PodLogReader(fetch, now=lambda: 100.0, start=0)
    >>> reader.read(1000)
    ['epoch 1', 'epoch 2']
    >>> log.append((99, "done"))
    >>> reader.read(1000), reader.read(1000, ended=True)
    ([], ['done'])
    """

    def __init__(self, fetch: Fetch, now: Callable[[], float], start: float) -> None:
        self._fetch = fetch
        self._now = now
        self._start = int(start)
        # Last second that was read. _seen holds the lines from the window's start to this second.
        self._read_until = self._start - 1
        self._seen: Counter[str] = Counter()
        self._max_lines = FIRST_MAX_LINES
        self._margin = _MARGIN
        # Seconds that one request is likely to return in full, None for all.
        self._width: int | None = None
        self._pending: list[str] = []

    def read(self, limit: int, *, ended: bool = False) -> list[str]:
        """Return lines that were not returned before, in the order of the log.

        :param limit: maximum number of lines; the next calls return the others
        :param ended: True once the pod has ended. The reader then reads up to the present
        :raises ApiError: as ``fetch`` does; the next call returns the lines that this one did not
        """
        end = int(self._now()) - (0 if ended else self._margin)
        while len(self._pending) < limit and self._read_until < end:
            self._advance(end)
        if ended and len(self._pending) < limit:
            self._pending += self._read_rest()
        lines, self._pending = self._pending[:limit], self._pending[limit:]
        return lines

    def _advance(self, end: int) -> None:
        """Read as many seconds as one request returns in full, up to ``end`` at most."""
        window = self._read_complete(end if self._width is None else min(end, self._read_until + self._width))
        new = _without(window.lines, self._seen)
        # As many seconds as are likely to fill half a response. The other half is for lines that were returned before.
        seconds = window.end - self._read_until
        self._width = max(1, self._max_lines * seconds // (2 * len(new))) if len(new) > _LARGE else None
        self._seen |= Counter(window.lines)
        self._read_until = window.end
        # Stored before the next request, whose error would lose these lines: they count as returned now.
        self._pending += new
        if len(window.lines) > _LARGE:
            self._move_start(window, _KEPT)
        if len(window.lines) < FIRST_MAX_LINES // 2:
            self._max_lines = FIRST_MAX_LINES

    def _read_complete(self, end: int) -> _Window:
        """Read the window up to ``end``, or up to the latest earlier second for which the response is complete."""
        first = self._read_until + 1
        while True:
            lines = self._fetch(self._start, end, self._max_lines)
            if not may_lack_lines(lines, self._max_lines):
                return _Window(end, lines)
            if end > first:
                end = first + (end - first) // 2
            elif self._seen and self._start < self._read_until and self._move_start(self._read(self._read_until), 0):
                # The lines that were returned before filled the response; the window has none of them now.
                continue
            elif len(lines) >= self._max_lines < _LAST_MAX_LINES:
                self._max_lines *= 2
            else:
                # The service returns no more lines of one second.
                return _Window(end, lines)

    def _read(self, end: int) -> _Window:
        return _Window(end, self._fetch(self._start, end, self._max_lines))

    def _move_start(self, window: _Window, most: int) -> bool:
        """Move the window's start forward, until at most ``most`` lines or one second are left.

        :return: False when lines were added meanwhile, and the start was not moved
        """
        longest = max(0, window.end - self._start - 1)
        overlap = min(_OVERLAP, longest)
        lines = self._fetch(window.end - overlap, window.end, self._max_lines)
        while len(lines) > most and overlap:
            overlap //= 2
            lines = self._fetch(window.end - overlap, window.end, self._max_lines)
        # A quiet log has few lines in 30 s. A longer overlap finds lines that appear later than that.
        while len(lines) <= most // 2 and overlap < longest:
            wider = min(2 * overlap, longest)
            more = self._fetch(window.end - wider, window.end, self._max_lines)
            if len(more) > most:
                break
            overlap, lines = wider, more
        # An unchanged window shows that ``lines`` has no line which was not returned before.
        if self._read(window.end) != window:
            self._margin = min(2 * self._margin, _MAX_MARGIN)
            return False
        beyond = self._seen - Counter(window.lines)
        self._start, self._seen = window.end - overlap, Counter(lines) + beyond
        return True

    def _read_rest(self) -> list[str]:
        """Read without EndTime, because the clock that stamps the lines may differ from the service's."""
        most = self._max_lines
        while len(lines := self._fetch(self._start, None, most)) >= most < _LAST_MAX_LINES:
            most *= 2
        new = _without(lines, self._seen)
        self._seen |= Counter(lines)
        return new


def _without(lines: Iterable[str], seen: Counter[str]) -> list[str]:
    """Return ``lines`` without those in ``seen``; of equal lines, the first ones are left out."""
    left = seen.copy()
    new = []
    for line in lines:
        if left[line] > 0:
            left[line] -= 1
        else:
            new.append(line)
    return new
