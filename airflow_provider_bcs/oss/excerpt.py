"""The first and the last lines of an object of any size, in little memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: Gives the bytes from a position to before another one, fewer at the end; and the size of the whole.
ReadRange = Callable[[int, int], tuple[bytes, int]]

_BLOCK = 128 * 1024
#: The most bytes that are read for the first lines, and for the last ones.
_LIMIT = 1024 * 1024
_MAX_LINE = 2000


@dataclass(frozen=True)
class Excerpt:
    """Lines of a text; long ones are cut, and bytes that are not UTF-8 replaced.

    :ivar omitted: bytes between ``first`` and ``last`` that are left out
    :ivar size: of the whole, in bytes
    """

    first: list[str]
    omitted: int
    last: list[str]
    size: int

    def lines(self) -> list[str]:
        """Return the lines, and between them one that says how much is left out."""
        is_cut = self.omitted and self.first
        gap = [f"... {self.omitted:,} of {self.size:,} bytes are left out ..."] if is_cut else []
        return [*self.first, *gap, *self.last]


def read_excerpt(read: ReadRange, first_lines: int, last_lines: int) -> Excerpt:
    """Return the first and the last lines, in as few requests as that takes."""
    begin, size = read(0, _BLOCK)
    while begin.count(b"\n") < first_lines and len(begin) < min(size, _LIMIT):
        more, _ = read(len(begin), min(size, len(begin) + _BLOCK))
        if not more:
            # It was cut meanwhile.
            break
        begin += more
    first = _split(begin)[:first_lines]
    first_end = sum(map(len, first))
    # What is known of the rest already, or else its end, block by block.
    start, end = (first_end, begin[first_end:]) if len(begin) >= size else (size, b"")
    while start > first_end and end.count(b"\n") <= last_lines and len(end) < _LIMIT:
        stop, start = start, max(first_end, start - _BLOCK)
        end = read(start, stop)[0] + end
    last = _split(end)[-last_lines:] if last_lines else []
    return Excerpt(_texts(first), size - first_end - sum(map(len, last)), _texts(last), size)


def _split(data: bytes) -> list[bytes]:
    """Split after each line feed, and nowhere else."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _texts(lines: list[bytes]) -> list[str]:
    return [_text(line.rstrip(b"\r\n")) for line in lines]


def _text(line: bytes) -> str:
    text = line.decode(errors="replace")
    return text if len(text) <= _MAX_LINE else f"{text[:_MAX_LINE]}... ({len(text) - _MAX_LINE:,} more characters)"
