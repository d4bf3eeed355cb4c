"""A content on its way to become an object or a part: a file outside of all buckets."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from types import TracebackType

from .digest import Checksums, Digest

_PREFIX = "oss-"


class Received:
    """A new file in ``folder``, which is gone in the end unless it was moved to its place."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._path = folder / f"{_PREFIX}{uuid.uuid4().hex}"
        self._file = open(self._path, "xb")  # noqa: SIM115 - closed when it is complete or given up
        self._digest = Digest()

    @property
    def size(self) -> int:
        return self._digest.size

    @property
    def checksums(self) -> Checksums:
        return self._digest.checksums()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)

    def move(self, path: str | Path) -> os.stat_result:
        """Make it the file ``path``, as a whole and at once; return its status there."""
        self._file.flush()
        status = os.fstat(self._file.fileno())
        os.replace(self._path, path)
        return status

    def __enter__(self) -> Received:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed service has left."""
    for path in folder.glob(f"{_PREFIX}*"):
        path.unlink()
