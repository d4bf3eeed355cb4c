"""Who owns an attempt: at most one shim ever runs it, and whether that one lives is never guessed.

The shim locks ``shim.pid`` before anything else and holds the lock until it dies, however it dies. A service
that finds the lock free may abandon the attempt; a shim that comes too late sees that and ends.
"""

from __future__ import annotations

import fcntl
import os
import time

_PID_FILE = "shim.pid"
_ABANDONED_FILE = "abandoned"
# Between taking the lock and writing the process id lie two system calls.
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
    """Make this process the attempt's one shim; the lock is held until the process ends.

    :return: False when the attempt has a shim already, had one, or was abandoned
    """
    descriptor = _lock(directory)
    if descriptor is None:
        return False
    if os.path.exists(os.path.join(directory, _ABANDONED_FILE)) or os.fstat(descriptor).st_size:
        return False
    os.write(descriptor, b"%d\n" % os.getpid())
    return True


def abandon(directory: str) -> bool:
    """See to it that no shim will run this attempt from now on.

    :return: False when a shim is alive that owns it
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

    :raises TimeoutError: when the shim took the lock but never told its id
    """
    deadline = time.monotonic() + _PID_PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with open(os.path.join(directory, _PID_FILE)) as file:
            text = file.read()
        if text.endswith("\n"):
            return int(text)
        time.sleep(0.01)
    raise TimeoutError(f"The shim of {directory} does not tell its process id.")
