"""Inputs as copies, where a program may write to them; what it left unchanged is known afterwards."""

from __future__ import annotations

import os

#: path of a copied file -> its change time in ns, which a program cannot set
Originals = dict[str, int]


def copy_file(source: str, target: str, originals: Originals) -> None:
    """Copy one object; the copy is readable and executable, like the files of the service's mounts."""
    import shutil

    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)
    os.chmod(target, 0o755)  # noqa: S103 - as the mounts show it
    originals[target] = os.lstat(target).st_ctime_ns


def copy_folder(source: str, target: str, originals: Originals) -> None:
    """Copy the objects below a folder; symbolic links among them could lead anywhere and are left out."""
    os.makedirs(target, exist_ok=True)
    for entry in os.scandir(source):
        place = os.path.join(target, entry.name)
        if entry.is_dir(follow_symlinks=False):
            copy_folder(entry.path, place, originals)
        elif entry.is_file(follow_symlinks=False):
            copy_file(entry.path, place, originals)


def make_executable(source: str) -> None:
    """Let the objects at or below ``source`` be executed, as the service's mounts do; their content stays."""
    if os.path.isdir(source):
        for entry in os.scandir(source):
            make_executable(entry.path)
        return
    mode = os.stat(source).st_mode
    if mode & 0o555 != 0o555:
        try:
            os.chmod(source, mode | 0o555)  # noqa: S103 - as above
        except PermissionError:
            # Somebody else's file: it is readable at best.
            return


def has_links(directory: str) -> bool:
    """Tell whether a symbolic link lies anywhere below ``directory``."""
    return any(
        entry.is_symlink() or (entry.is_dir(follow_symlinks=False) and has_links(entry.path))
        for entry in os.scandir(directory)
    )


def is_unchanged(path: str, originals: Originals) -> bool:
    """Tell whether ``path`` is a copy nobody has written to since."""
    return originals.get(path) == os.lstat(path).st_ctime_ns
