"""Private files of a program: ``root/home/x`` in the attempt directory is its ``/home/x``.

The mappings of the job decide which paths are private. With either isolation, the program's writes to these paths
stay in the attempt directory. Its outputs are collected from there.
"""

from __future__ import annotations

import os

from .environment import HOME
from .paths import is_at_or_below


class Layout:
    """Directories of one attempt.

    :ivar root: directory that stands for ``/``
    :ivar workdir: working directory, private and initially empty
    """

    def __init__(self, directory: str, workdir: str) -> None:
        self.root = os.path.join(directory, "root")
        self.workdir = workdir
        self._private: set[str] = set()
        self._ancestors: set[str] = set()
        self.add_directory(workdir)
        self._add_ancestors(HOME)
        os.makedirs(self.at(HOME), exist_ok=True)

    def at(self, path: str) -> str:
        """Return the real path of the private path ``path``, which is in normal form."""
        return self.root + path

    def add_directory(self, path: str) -> str:
        """Make ``path`` a private, empty directory; return its real path."""
        self._claim(path)
        os.makedirs(self.at(path), exist_ok=True)
        return self.at(path)

    def add_file(self, path: str) -> str:
        """Make ``path`` private and create its parent directories, but not ``path`` itself; return its real path."""
        self._claim(path)
        os.makedirs(os.path.dirname(self.at(path)), exist_ok=True)
        return self.at(path)

    @property
    def opened(self) -> list[str]:
        """Ancestors of private paths, which show the real entries of the machine beside the private ones."""
        return sorted(
            path for path in self._ancestors if not any(is_at_or_below(path, private) for private in self._private)
        )

    def _claim(self, path: str) -> None:
        self._private.add(path)
        self._add_ancestors(os.path.dirname(path))

    def _add_ancestors(self, path: str) -> None:
        while path not in self._ancestors:
            self._ancestors.add(path)
            path = os.path.dirname(path)
