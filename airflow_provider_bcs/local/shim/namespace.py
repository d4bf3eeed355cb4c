"""Isolation by a mount namespace: the layout becomes the program's root directory.

Everything on the machine stays visible at its place, except that private paths are the layout's. A directory on
the way to a private path becomes a directory of the layout into which its real children are bound, so that new
files land in the layout and nothing on the machine is touched, not even created.
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
    """What a program's root directory is made of; several programs may enter it, one after the other.

    :param layout: holds the private paths
    :param binds: real directory or file, private path, whether it is writable there
    :param host_name: the program's own host name where the machine allows one, empty for the machine's
    """

    def __init__(self, layout: Layout, binds: Sequence[tuple[str, str, bool]], host_name: str = "") -> None:
        self._layout = layout
        self._binds = binds
        self._host_name = host_name
        self._children = [pair for directory in layout.opened for pair in self._placeholders(directory)]
        # What holds the layout comes first, or it would be bound together with the mounts made in it so far.
        self._children.sort(key=lambda pair: not is_at_or_below(layout.root, pair[0]))

    def enter(self) -> None:
        """Move the calling process into a namespace of its own and make the layout its root.

        :raises OSError: when the machine does not allow that
        """
        _unshare()
        if self._host_name:
            _name_host(self._host_name)
        # Before the first bind: a mount that spread to the machine would outlive the instance.
        mount(None, "/", MS_REC | MS_PRIVATE)
        for source, target in self._children:
            try:
                mount(source, target, MS_BIND | MS_REC)
            except OSError:
                # Not accessible for this user, or gone: an empty placeholder is what the program sees.
                continue
        for source, path, writable in self._binds:
            if writable:
                mount(source, self._layout.at(path), MS_BIND | MS_REC)
            else:
                bind_read_only(source, self._layout.at(path))
        os.chroot(self._layout.root)

    def _placeholders(self, directory: str) -> list[tuple[str, str]]:
        """Prepare a place in the layout for each real child of ``directory`` that is not private."""
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
        # A kernel without such namespaces: the program sees the machine's name.
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
    # The program sees itself as root, as the service's programs do.
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
