"""Ownership of an attempt: at most one shim runs it, and a file lock tells whether that shim is alive.

The shim first locks ``shim.pid``; the kernel releases the lock when the shim dies. A service that finds the lock free
may abandon the attempt. A shim that starts later finds the attempt abandoned and exits.
"""

from __future__ import annotations

import fcntl
import os
import time

_PID_FILE = "shim.pid"
_ABANDONED_FILE = "abandoned"
# A shim writes its process id two system calls after it takes the lock.
_PID_PATIENCE_SECONDS = 5.0


def _lock(directory: str) -> int | None:
    descriptor = os.open(os.path.join(directory, _PID_FILE), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def claim(directory: str) -> bool:
    """Make this process the shim of the attempt; it holds the lock until it ends.

    :return: False when the attempt has or had a shim, or was abandoned
    """
    descriptor = _lock(directory)
    if descriptor is None:
        return False
    if os.path.exists(os.path.join(directory, _ABANDONED_FILE)) or os.fstat(descriptor).st_size:
        return False
    os.write(descriptor, b"%d\n" % os.getpid())
    return True


def abandon(directory: str) -> bool:
    """Prevent any shim from running this attempt from now on.

    :return: False when a live shim owns the attempt
    """
    os.makedirs(directory, exist_ok=True)
    descriptor = _lock(directory)
    if descriptor is None:
        return False
    with open(os.path.join(directory, _ABANDONED_FILE), "w"):
        pass
    os.close(descriptor)
    return True


def owner(directory: str) -> int:
    """Return the process id of the live shim that owns the attempt.

    :raises TimeoutError: when the shim holds the lock but does not write its process id
    """
    deadline = time.monotonic() + _PID_PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with open(os.path.join(directory, _PID_FILE)) as file:
            text = file.read()
        if text.endswith("\n"):
            return int(text)
        time.sleep(0.01)
    raise TimeoutError(f"The shim of {directory} has not written its process id within {_PID_PATIENCE_SECONDS:g} s.")
