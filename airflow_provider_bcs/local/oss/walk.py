"""Iteration over the keys of a bucket in the order of OSS, by UTF-8 bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .records import version

#: Maximum length of a key in bytes.
MAX_KEY = 1023
#: A prefix with this suffix sorts after every key with that prefix: no key is long enough to sort after it.
LAST = "\U0010ffff" * (MAX_KEY // 4 + 1)


@dataclass
class Walk:
    """Iterable over keys; it skips directories that cannot hold a matching key.

    :param folders: versions of the directories that are objects, by key
    :ivar prefix: yield only keys with this prefix
    :ivar after: yield only keys after this one; a change during the iteration skips keys
    """

    root: str
    folders: Mapping[str, str]
    prefix: str = ""
    after: str = ""

    def __iter__(self) -> Iterator[str]:
        """Yield the keys; the key of a directory ends in ``/``."""
        return self._below(self.root, "")

    def _below(self, directory: str, base: str) -> Iterator[str]:
        for key, entry in _sorted_entries(directory, base):
            if len(key.encode()) > MAX_KEY:
                continue
            is_folder = key.endswith("/")
            if not is_folder and self._is_wanted(key):
                yield key
            elif is_folder and self._may_hold_wanted(key):
                if self._is_wanted(key) and self._is_object(key, entry):
                    yield key
                yield from self._below(entry.path, key)

    def _is_wanted(self, key: str) -> bool:
        return key > self.after and key.startswith(self.prefix)

    def _may_hold_wanted(self, folder: str) -> bool:
        is_past = folder < self.after and not self.after.startswith(folder)
        return not is_past and (folder.startswith(self.prefix) or self.prefix.startswith(folder))

    def _is_object(self, key: str, entry: os.DirEntry[str]) -> bool:
        try:
            return self.folders.get(key) == version(entry.stat(follow_symlinks=False))
        except FileNotFoundError:
            return False


def _sorted_entries(directory: str, base: str) -> list[tuple[str, os.DirEntry[str]]]:
    """Return the keys and directory entries; symbolic links and names that are not UTF-8 are not objects."""
    found = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if not _is_text(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    found.append((f"{base}{entry.name}/", entry))
                elif entry.is_file(follow_symlinks=False):
                    found.append((base + entry.name, entry))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        # The directory was deleted meanwhile, or this user cannot read it.
        return []
    return sorted(found, key=lambda pair: pair[0])


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
