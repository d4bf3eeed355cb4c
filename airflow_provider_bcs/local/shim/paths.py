"""Paths that come from a job description, checked so that none leads out of where it belongs."""

from __future__ import annotations

import os
import stat

from .failure import Failure

# A kernel file system cannot be copied entry by entry into an instance's root.
_KERNEL_DIRECTORIES = ("proc", "sys", "dev")


def segments(text: str, what: str) -> list[str]:
    """Split the path behind a bucket, host or root into its names; one ``/`` at the end is allowed.

    :raises Failure: ``InvalidPath`` when a name is empty, ``.`` or ``..``, too long, or not a legal file name
    """
    if not text:
        return []
    names = text.removesuffix("/").split("/")
    for name in names:
        try:
            encoded = os.fsencode(name)
        except UnicodeEncodeError:
            raise Failure("InvalidPath", f"{what!r} is not valid Unicode text.") from None
        if name in ("", ".", "..") or b"\0" in encoded or len(encoded) > 255:
            raise Failure("InvalidPath", f"{what!r} has the segment {name[:60]!r}, which is no legal file name.")
    return names


def below(root: str, names: list[str], what: str) -> str:
    """Join ``names`` to ``root``; no component may be a symbolic link.

    :raises Failure: ``InvalidPath`` when one is
    """
    path = root
    for name in names:
        path = os.path.join(path, name)
        try:
            is_link = stat.S_ISLNK(os.lstat(path).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            continue
        if is_link:
            raise Failure("InvalidPath", f"{what!r} leads over the symbolic link {name!r}.")
    return path


def local_path(text: str) -> str:
    """Return a path inside an instance in its normal form, ``/a/b``.

    :raises Failure: ``InvalidPath`` for what is not absolute, has ``..`` in it or cannot be mapped here
    """
    if not text.startswith("/"):
        # A drive letter is legal for the service's Windows images, which cannot run here.
        raise Failure("InvalidPath", f"{text!r} is not an absolute Linux path; this service runs Linux commands only.")
    names = segments(text[1:], text)
    if not names or names[0] in _KERNEL_DIRECTORIES:
        raise Failure("InvalidPath", f"{text!r} cannot be mapped: / and /proc, /sys, /dev are the machine's own.")
    return "/" + "/".join(names)


def is_at_or_below(path: str, directory: str) -> bool:
    """Tell whether ``path`` is ``directory`` or lies in it; both in normal form."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")
