"""Reader of pod logs, which finds the lines of a time window by bisection."""

from __future__ import annotations

import os
from pathlib import Path

from airflow_provider_bcs.local.shim.clock import stamp

from .parameters import Window

_STAMP_BYTES = 19
_BLOCK_BYTES = 64 * 1024


def read_lines(path: Path, window: Window, max_lines: int) -> list[str]:
    """Return the last lines of a log in a time window.

    :param path: file with lines ``YYYY-MM-DD HH:MM:SS text``, ordered by time; it may not exist
    :param max_lines: maximum number of lines to return
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return []
    with open(descriptor, "rb", buffering=0):
        log = _LogFile(descriptor)
        first = 0 if window.start is None else log.find(stamp(window.start).encode())
        end = log.find(stamp(window.end + 1).encode())
        data = log.last_lines(first, end, max_lines)
    return [line.decode(errors="replace") for line in data.split(b"\n")[:-1]]


class _LogFile:
    """Complete lines of a file that may be growing."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._size = self._line_start(os.fstat(descriptor).st_size)

    def find(self, wanted: bytes) -> int:
        """Return the offset of the first line with the timestamp ``wanted`` or a later one."""
        low, high = 0, self._size
        while low < high:
            middle = self._line_start((low + high) // 2, low)
            if os.pread(self._descriptor, _STAMP_BYTES, middle) < wanted:
                low = self._next_line(middle)
            else:
                high = middle
        return low

    def last_lines(self, start: int, end: int, count: int) -> bytes:
        """Return the last ``count`` lines between two offsets of line starts."""
        blocks: list[bytes] = []
        at, surplus = end, -count
        # The end of the line before them shows where the last ``count`` lines begin.
        while at > start and surplus <= 0:
            size = min(_BLOCK_BYTES, at - start)
            at -= size
            blocks.append(os.pread(self._descriptor, size, at))
            surplus += blocks[-1].count(b"\n")
        data = b"".join(reversed(blocks))
        first = 0
        for _ in range(surplus):
            first = data.index(b"\n", first) + 1
        return data[first:]

    def _line_start(self, at: int, low: int = 0) -> int:
        """Return the offset of the start of the line at offset ``at``, but at least ``low``."""
        while at > low:
            size = min(_BLOCK_BYTES, at - low)
            found = os.pread(self._descriptor, size, at - size).rfind(b"\n")
            if found >= 0:
                return at - size + found + 1
            at -= size
        return low

    def _next_line(self, at: int) -> int:
        while True:
            block = os.pread(self._descriptor, _BLOCK_BYTES, at)
            found = block.find(b"\n")
            if found >= 0:
                return at + found + 1
            at += len(block)
