"""Reader of the processes in ``/proc``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")

#: Process ids of children by process id of their parent.
Tree = dict[int, list[int]]


class Process(NamedTuple):
    """Entry of ``/proc``.

    :ivar parent: process id of the parent
    :ivar session: process id of the session leader
    :ivar cpu: consumed CPU time in seconds
    :ivar memory: resident memory in bytes
    """

    pid: int
    parent: int
    session: int
    cpu: float
    memory: int


def read_process(pid: int) -> Process:
    """Return the status of a process.

    :raises ProcessLookupError: when it has ended
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The second field is the program name in parentheses, which may itself contain spaces and parentheses.
            fields = file.read().rpartition(b")")[2].split()
        cpu, memory = (int(fields[11]) + int(fields[12])) / _TICKS, int(fields[21]) * _PAGE
        return Process(pid, int(fields[1]), int(fields[3]), cpu, memory)
    except (FileNotFoundError, IndexError):
        # The file is gone, or empty while the process ends.
        raise ProcessLookupError(pid) from None


def processes() -> Iterator[Process]:
    """Yield the processes of this machine."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                yield read_process(int(name))
            except OSError:
                # The process has ended meanwhile, or this user may not see it.
                continue


def process_tree() -> Tree:
    """Return the processes of this machine as a tree."""
    found: Tree = {}
    for process in processes():
        found.setdefault(process.parent, []).append(process.pid)
    return found


def descendants(pid: int, tree: Tree) -> list[int]:
    """Return the process ids of all descendants of ``pid``."""
    found = list(tree.get(pid, ()))
    for child in found:
        found += tree.get(child, ())
    return found
