"""Log of a pod: the output of its processes, each line with the time of its arrival."""

from __future__ import annotations

import os
import threading

from .clock import Clock, stamp

_MAX_LINE_BYTES = 16 * 1024
_READ_BYTES = 256 * 1024


class Log:
    """Log file with lines ``YYYY-MM-DD HH:MM:SS text``.

    Timestamps never decrease, so that a reader can search by bisection.
    """

    def __init__(self, path: str, clock: Clock) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._clock = clock
        self._last = 0.0
        self._rest = b""

    def write(self, text: str) -> None:
        """Append one line of the local service's own."""
        self.feed(text.encode(errors="replace") + b"\n")

    def feed(self, data: bytes) -> None:
        """Append the complete lines of a program's output and keep the rest; a line has at most 16 KiB."""
        *lines, rest = (self._rest + data).split(b"\n")
        whole = [piece for line in lines for piece in _pieces(line)]
        if len(rest) > _MAX_LINE_BYTES:
            *pieces, rest = _pieces(rest)
            whole += pieces
        self._rest = rest
        self._append(whole)

    def end(self) -> None:
        """Append the last line, which has no newline, if any."""
        if self._rest:
            self._append(_pieces(self._rest))
            self._rest = b""

    def _append(self, lines: list[bytes]) -> None:
        if not lines:
            return
        self._last = max(self._last, self._clock.now())
        prefix = stamp(self._last).encode() + b" "
        block = b"".join(prefix + line + b"\n" for line in lines)
        while block:
            block = block[os.write(self._descriptor, block) :]


class Pump:
    """Thread that copies the output of one command to a log.

    :ivar sink: descriptor that the command writes to
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._source, self.sink = os.pipe()
        self._thread = threading.Thread(target=self._run, name="pump")

    def start(self) -> None:
        """Start the thread; call it once the command has inherited the sink."""
        os.close(self.sink)
        self._thread.start()

    def join(self) -> None:
        """Wait until the output is in the log; blocks until every process has closed the sink."""
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while data := os.read(self._source, _READ_BYTES):
            self._log.feed(data)
        self._log.end()
        os.close(self._source)


def _pieces(line: bytes) -> list[bytes]:
    """Split a line that is too long, but never inside a UTF-8 character."""
    pieces = []
    while len(line) > _MAX_LINE_BYTES:
        cut = _MAX_LINE_BYTES
        while cut > _MAX_LINE_BYTES - 4 and line[cut] & 0xC0 == 0x80:
            cut -= 1
        pieces.append(line[:cut])
        line = line[cut:]
    return [*pieces, line]
