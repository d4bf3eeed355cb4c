"""Child processes of tests: default signal handling, and no wait without a limit."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

#: Seconds after which a program that a test starts and waits for has hung.
LIMIT = 300


def restore_signals() -> None:
    """Give a child the default handling of the signals that tests send; pass it as ``preexec_fn``.

    A shell without job control starts background commands with SIGINT ignored, nohup with SIGHUP ignored, and
    children inherit both.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def child(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Run a command beside the test, in a session of its own; kill it and its children when the block ends."""
    with subprocess.Popen(command, text=True, start_new_session=True, preexec_fn=restore_signals, **options) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def first_line(process: subprocess.Popen[str], timeout: float = 60) -> str:
    """Return the first line that a child prints; an empty text when it ends without one."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], timeout)
    assert readable, f"{process.args} printed nothing in {timeout} s"
    return process.stdout.readline()
