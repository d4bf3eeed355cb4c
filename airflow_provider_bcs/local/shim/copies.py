"""Copies of inputs that a program may write to, and detection of the copies that it left unchanged."""

from __future__ import annotations

import os

#: Change times (ctime) of the copied files in ns, by path. A program can set the mtime but not the ctime.
Originals = dict[str, int]


def copy_file(source: str, target: str, originals: Originals) -> None:
    """Copy one object; the copy is readable and executable, like files in the mounts of BatchCompute."""
    import shutil

    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)
    os.chmod(target, 0o755)  # noqa: S103 - mode of files in the mounts
    originals[target] = os.lstat(target).st_ctime_ns


def copy_folder(source: str, target: str, originals: Originals) -> None:
    """Copy the objects below a folder, without symbolic links: they could lead outside the data directory."""
    os.makedirs(target, exist_ok=True)
    for entry in os.scandir(source):
        place = os.path.join(target, entry.name)
        if entry.is_dir(follow_symlinks=False):
            copy_folder(entry.path, place, originals)
        elif entry.is_file(follow_symlinks=False):
            copy_file(entry.path, place, originals)


def make_executable(source: str) -> None:
    """Make the objects at or below ``source`` readable and executable, like files in the mounts of BatchCompute."""
    if os.path.isdir(source):
        for entry in os.scandir(source):
            make_executable(entry.path)
        return
    mode = os.stat(source).st_mode
    if mode & 0o555 != 0o555:
        try:
            os.chmod(source, mode | 0o555)  # noqa: S103 - as above
        except PermissionError:
            # Another user owns the file: its mode cannot change.
            return


def has_links(directory: str) -> bool:
    """Tell whether ``directory`` holds a symbolic link at any depth."""
    return any(
        entry.is_symlink() or (entry.is_dir(follow_symlinks=False) and has_links(entry.path))
        for entry in os.scandir(directory)
    )


def is_unchanged(path: str, originals: Originals) -> bool:
    """Tell whether ``path`` is a copy that has not been modified."""
    return originals.get(path) == os.lstat(path).st_ctime_ns
