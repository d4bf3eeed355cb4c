"""First and last lines of an object of any size, read with little memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Excerpt", "ReadRange", "read_excerpt"]

#: Function of two positions. It returns the bytes between them, fewer at the end of the object, and the object's size.
ReadRange = Callable[[int, int], tuple[bytes, int]]

_BLOCK = 128 * 1024
#: Maximum bytes to read for the first lines, and for the last lines.
_LIMIT = 1024 * 1024
_MAX_LINE = 2000


@dataclass(frozen=True)
class Excerpt:
    """First and last lines of a text. Long lines are cut, and bytes that are not UTF-8 are replaced.

    :ivar first: first lines
    :ivar omitted: number of bytes between ``first`` and ``last``
    :ivar last: last lines
    :ivar size: size of the object in bytes

    >>> Excerpt(["begin"], 1_000_000, ["end"], 1_000_009).lines()
    ['begin', '... 1,000,000 of 1,000,009 bytes omitted ...', 'end']
    """

    first: list[str]
    omitted: int
    last: list[str]
    size: int

    def lines(self) -> list[str]:
        """Return all lines, with a line about the omitted bytes in between."""
        is_cut = self.omitted and self.first
        gap = [f"... {self.omitted:,} of {self.size:,} bytes omitted ..."] if is_cut else []
        return [*self.first, *gap, *self.last]


def read_excerpt(read: ReadRange, first_lines: int, last_lines: int) -> Excerpt:
    """Return the first and the last lines, with as few reads as possible.

    :param read: reads a range of the object
    :param first_lines: number of first lines
    :param last_lines: number of last lines

    >>> text = b"one\\ntwo\\nthree\\nfour\\n"
    >>> read_excerpt(lambda begin, end: (text[begin:end], len(text)), 1, 1).lines()
    ['one', '... 10 of 19 bytes omitted ...', 'four']
    """
    begin, size = read(0, _BLOCK)
    while begin.count(b"\n") < first_lines and len(begin) < min(size, _LIMIT):
        more, _ = read(len(begin), min(size, len(begin) + _BLOCK))
        if not more:
            # The object was truncated between two reads.
            break
        begin += more
    first = _split(begin)[:first_lines]
    first_end = sum(map(len, first))
    # A small object is read completely by now; of a large one, read blocks from the end.
    start, end = (first_end, begin[first_end:]) if len(begin) >= size else (size, b"")
    while start > first_end and end.count(b"\n") <= last_lines and len(end) < _LIMIT:
        stop, start = start, max(first_end, start - _BLOCK)
        end = read(start, stop)[0] + end
    last = _split(end)[-last_lines:] if last_lines else []
    return Excerpt(_texts(first), size - first_end - sum(map(len, last)), _texts(last), size)


def _split(data: bytes) -> list[bytes]:
    """Split after each line feed only; bytes.splitlines would split after a carriage return too."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _texts(lines: list[bytes]) -> list[str]:
    return [_text(line.rstrip(b"\r\n")) for line in lines]


def _text(line: bytes) -> str:
    text = line.decode(errors="replace")
    return text if len(text) <= _MAX_LINE else f"{text[:_MAX_LINE]}... ({len(text) - _MAX_LINE:,} more characters)"
