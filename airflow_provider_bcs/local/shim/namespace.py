"""Isolation by a mount namespace: the layout becomes the program's root directory.

Private paths show files of the layout; all other paths show files of the machine. An ancestor of a private path is a
directory of the layout with bind mounts of its real children. New files are therefore created in the layout, never on
the machine.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from .kernel import (
    CLONE_NEWNS,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    MS_BIND,
    MS_PRIVATE,
    MS_REC,
    bind_read_only,
    mount,
    set_host_name,
    unshare,
)
from .layout import Layout
from .paths import is_at_or_below


class Namespace:
    """Root directory for one program, or for several programs in sequence.

    :param layout: layout of the private paths
    :param binds: bind mounts: real directory or file, local path, writable
    :param host_name: host name of the program, where the kernel allows one; empty keeps the machine's
    """

    def __init__(self, layout: Layout, binds: Sequence[tuple[str, str, bool]], host_name: str = "") -> None:
        self._layout = layout
        self._binds = binds
        self._host_name = host_name
        self._children = [pair for directory in layout.opened for pair in self._placeholders(directory)]
        # Bind the directory that contains the layout first: later, it would be bound with the mounts in the layout.
        self._children.sort(key=lambda pair: not is_at_or_below(layout.root, pair[0]))

    def enter(self) -> None:
        """Move the calling process into a new namespace and make the layout its root directory.

        :raises OSError: when the machine does not allow namespaces
        """
        _unshare()
        if self._host_name:
            _name_host(self._host_name)
        # Before the first bind mount: a mount that propagated to the machine would outlive the instance.
        mount(None, "/", MS_REC | MS_PRIVATE)
        for source, target in self._children:
            try:
                mount(source, target, MS_BIND | MS_REC)
            except OSError:
                # This user cannot access it, or it was deleted: the program sees an empty placeholder.
                continue
        for source, path, writable in self._binds:
            if writable:
                mount(source, self._layout.at(path), MS_BIND | MS_REC)
            else:
                bind_read_only(source, self._layout.at(path))
        os.chroot(self._layout.root)

    def _placeholders(self, directory: str) -> list[tuple[str, str]]:
        """Create a mount point in the layout for each real child of ``directory`` that is not private."""
        pairs = []
        try:
            entries = list(os.scandir(directory))
        except OSError:
            return []
        for entry in entries:
            target = self._layout.at(os.path.join(directory, entry.name))
            if os.path.lexists(target):
                continue
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), target)
                continue
            if entry.is_dir():
                os.mkdir(target)
            else:
                os.close(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600))
            pairs.append((entry.path, target))
        return pairs


def _name_host(name: str) -> None:
    try:
        unshare(CLONE_NEWUTS)
    except OSError:
        # A kernel without UTS namespaces: the program sees the machine's host name.
        return
    set_host_name(name)


def _unshare() -> None:
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        try:
            unshare(CLONE_NEWNS)
        except PermissionError:
            pass
        else:
            return
    unshare(CLONE_NEWUSER | CLONE_NEWNS)
    # The program runs as root of the user namespace: programs in BatchCompute and PAI-DLC run as root.
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
