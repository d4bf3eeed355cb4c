"""The private files of an instance: ``root/home/x`` in the attempt directory is its ``/home/x``.

The mappings decide which paths are private. What the program writes to them stays here, from where the outputs
are collected after its end, whichever isolation is used.
"""

from __future__ import annotations

import os

from .environment import HOME
from .paths import is_at_or_below


class Layout:
    """The directories of one attempt.

    :ivar root: the directory that stands for ``/``
    :ivar workdir: the working directory, private and empty
    """

    def __init__(self, directory: str, workdir: str) -> None:
        self.root = os.path.join(directory, "root")
        self.workdir = workdir
        self._private: set[str] = set()
        self._ways: set[str] = set()
        self.add_directory(workdir)
        self._way(HOME)
        os.makedirs(self.at(HOME), exist_ok=True)

    def at(self, path: str) -> str:
        """Return where the private file ``path`` (in normal form) is kept."""
        return self.root + path

    def add_directory(self, path: str) -> str:
        """Make ``path`` a private, empty directory; return where it is kept."""
        self._claim(path)
        os.makedirs(self.at(path), exist_ok=True)
        return self.at(path)

    def add_file(self, path: str) -> str:
        """Make ``path`` private but do not create it, only the directories above; return where it is kept."""
        self._claim(path)
        os.makedirs(os.path.dirname(self.at(path)), exist_ok=True)
        return self.at(path)

    @property
    def opened(self) -> list[str]:
        """The directories on the way to private paths: private themselves, yet showing what is really there."""
        return sorted(way for way in self._ways if not any(is_at_or_below(way, private) for private in self._private))

    def _claim(self, path: str) -> None:
        self._private.add(path)
        self._way(os.path.dirname(path))

    def _way(self, path: str) -> None:
        while path not in self._ways:
            self._ways.add(path)
            path = os.path.dirname(path)
