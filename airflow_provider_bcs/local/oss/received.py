"""Temporary file that receives a request body outside all buckets."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from .digest import Checksums, Digest, blocks

_PREFIX = "oss-"


class Received:
    """Context manager of a new file in ``folder``, which is deleted at the end unless it was moved."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._path = folder / f"{_PREFIX}{uuid.uuid4().hex}"
        self._file = open(self._path, "x+b")  # noqa: SIM115 - __exit__ closes it
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

    def read(self) -> Iterator[bytes]:
        """Yield the content that was written so far."""
        self._file.flush()
        return blocks(self._file, 0, self.size)

    def move(self, path: str | Path) -> os.stat_result:
        """Rename the file to ``path`` atomically; return its status."""
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
    """Remove the temporary files of a service that was killed."""
    for path in folder.glob(f"{_PREFIX}*"):
        path.unlink()
