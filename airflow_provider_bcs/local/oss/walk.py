"""The keys of a bucket in OSS's order, by its UTF-8 bytes, from a directory tree."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .records import version

#: The most bytes of a key.
MAX_KEY = 1023
#: Follows every key that begins with what stands before it: no key has so many of the last character.
LAST = "\U0010ffff" * (MAX_KEY // 4 + 1)


@dataclass
class Walk:
    """Looks at no directory that cannot hold a key which is asked for.

    :param folders: key -> version of the directories that are objects too
    :ivar after: only keys behind this one; may be changed on the way, to leave keys out
    """

    root: str
    folders: Mapping[str, str]
    prefix: str = ""
    after: str = ""

    def __iter__(self) -> Iterator[str]:
        """Yield the keys; the one of a folder ends in ``/``."""
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
    """Return keys and entries; links and what is no UTF-8 are not objects."""
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
        # Gone meanwhile, or not for us.
        return []
    return sorted(found, key=lambda pair: pair[0])


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
