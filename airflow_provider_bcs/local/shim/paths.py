"""Checks of the paths in a job description: none may lead outside its root directory."""

from __future__ import annotations

import os
import stat

from .failure import Failure

# The namespace isolation binds directory entries one by one, which fails for kernel file systems.
_KERNEL_DIRECTORIES = ("proc", "sys", "dev")


def segments(text: str, what: str) -> list[str]:
    """Split the path after a bucket, host or root into its segments; one trailing ``/`` is allowed.

    :param what: whole path or URL, for the error message
    :raises Failure: ``InvalidPath`` when a segment is empty, ``.``, ``..``, too long, or not a legal file name
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
            raise Failure("InvalidPath", f"{what!r}: found the segment {name[:60]!r}; expected a legal file name.")
    return names


def below(root: str, names: list[str], what: str) -> str:
    """Join ``names`` to ``root`` and check that no component is a symbolic link.

    :param what: whole path or URL, for the error message
    :raises Failure: ``InvalidPath`` when a component is a symbolic link
    """
    path = root
    for name in names:
        path = os.path.join(path, name)
        try:
            is_link = stat.S_ISLNK(os.lstat(path).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            continue
        if is_link:
            raise Failure("InvalidPath", f"{what!r}: found the symbolic link {name!r}; expected a directory or file.")
    return path


def local_path(text: str) -> str:
    """Return the normal form, ``/a/b``, of a path inside an instance.

    :raises Failure: ``InvalidPath`` when the path is not absolute, has a segment ``..`` or cannot be mapped
    """
    if not text.startswith("/"):
        # BatchCompute allows drive letters for its Windows images, which the local service cannot run.
        raise Failure("InvalidPath", f"Found {text!r}; expected an absolute Linux path.")
    names = segments(text[1:], text)
    if not names or names[0] in _KERNEL_DIRECTORIES:
        raise Failure(
            "InvalidPath", f"{text!r} cannot be mapped; expected a path other than / and outside /proc, /sys and /dev."
        )
    return "/" + "/".join(names)


def is_at_or_below(path: str, directory: str) -> bool:
    """Tell whether ``path`` is ``directory`` or is inside it; both are in normal form."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")
