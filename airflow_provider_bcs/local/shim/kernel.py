"""Linux system calls that the standard library of Python 3.10 lacks."""

from __future__ import annotations

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWUSER = 0x10000000
MS_RDONLY = 0x1
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# The flags of statvfs(3) and mount(2) are equal, except the one for relative access times.
_SAME_FLAGS = os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME
_ST_RELATIME, _MS_RELATIME = 0x1000, 0x200000

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _bytes(path: str | None) -> bytes | None:
    return None if path is None else os.fsencode(path)


def become_subreaper() -> None:
    """Make this process the parent of its orphaned descendants."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "PR_SET_CHILD_SUBREAPER")


def die_with_parent(signal_number: int) -> None:
    """Let the kernel send this process a signal when its parent dies."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "PR_SET_PDEATHSIG")


def unshare(flags: int) -> None:
    """Move this process into new namespaces (``CLONE_NEW*``)."""
    _check(_libc.unshare(flags), "unshare")


def set_host_name(name: str) -> None:
    """Set the host name in this process's UTS namespace, cut to the kernel's limit of 64 bytes."""
    encoded = name.encode()[:64]
    _check(_libc.sethostname(encoded, len(encoded)), "sethostname")


def mount(source: str | None, target: str, flags: int) -> None:
    """Call mount(2) without a file system type or data."""
    arguments = _bytes(source), _bytes(target), None, ctypes.c_ulong(flags), None
    _check(_libc.mount(*arguments), f"mount {target}")


def bind_read_only(source: str, target: str) -> None:
    """Bind ``source`` to ``target`` read-only."""
    mount(source, target, MS_BIND | MS_REC)
    found = os.statvfs(target).f_flag
    # A user namespace locks the flags of an inherited mount: the kernel refuses a remount without them.
    locked = (found & _SAME_FLAGS) | (_MS_RELATIME if found & _ST_RELATIME else 0)
    mount(None, target, MS_REMOUNT | MS_BIND | MS_RDONLY | locked)
