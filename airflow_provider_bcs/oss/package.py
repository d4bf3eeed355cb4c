"""Programs packed as an archive whose bytes and name depend on what is in them, and on nothing else."""

from __future__ import annotations

import glob
import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from airflow_provider_bcs.exceptions import PackageError

_LEFT_OUT = {"__pycache__", ".git"}


class Objects(Protocol):
    """Where a package goes; ``ObjectStore`` is one."""

    def exists(self, uri: str) -> bool: ...

    def upload(self, path: str, uri: str) -> None: ...


@dataclass(frozen=True)
class Package:
    """What is packed.

    :ivar files: file -> its name in the archive
    """

    files: dict[Path, str]

    @classmethod
    def of(cls, source: str, folders: Iterable[str]) -> Package:
        """Return what a directory, a file or a glob pattern names; relative ones are looked for in ``folders``.

        The names of files are relative to the directory, for a pattern to the part of it without wildcards.

        :raises PackageError: when there is no such file, or when the pattern climbs up behind a wildcard
        """
        folders = list(folders)
        for folder in folders:
            found = dict(_files(folder, source))
            if found:
                return cls(found)
        raise PackageError(f"package is {source!r}, which names no file; looked in {', '.join(folders)}.")

    def ship(self, objects: Objects, folder_uri: str) -> str:
        """Upload the archive unless it is there already; return its URI.

        :param folder_uri: such as ``oss://bucket/packages/``
        """
        with tempfile.TemporaryFile() as tar, tempfile.NamedTemporaryFile(suffix=".tar.gz") as archive:
            self._write(tar)
            # Of the content and not of the compressed bytes, which another version of zlib makes differently.
            uri = f"{folder_uri}{_sha256(tar)[:32]}.tar.gz"
            if not objects.exists(uri):
                with gzip.GzipFile("", "wb", fileobj=archive, mtime=0) as compressed:
                    shutil.copyfileobj(tar, compressed)
                archive.flush()
                objects.upload(archive.name, uri)
        return uri

    def _write(self, file: BinaryIO) -> None:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path, name in sorted(self.files.items(), key=lambda pair: pair[1]):
                member = tarfile.TarInfo(name)
                status = path.stat()
                member.size = status.st_size
                member.mode = 0o755 if status.st_mode & 0o100 else 0o644
                with path.open("rb") as content:
                    tar.addfile(member, content)
        file.seek(0)


def _files(folder: str, source: str) -> Iterator[tuple[Path, str]]:
    path = Path(folder, source)
    if path.is_file():
        yield path, path.name
        return
    if path.is_dir():
        root = path
        found: Iterable[Path] = root.rglob("*")
    else:
        fixed = _fixed_part(source)
        if ".." in path.parts[len(Path(folder, fixed).parts) :]:
            # The names in the archive would climb out of where it is unpacked.
            raise PackageError(
                f"package is {source!r}, which has '..' behind a wildcard; write it in front of the first."
            )
        root = Path(folder, fixed)
        found = map(Path, glob.iglob(os.path.join(glob.escape(folder), source), recursive=True))
    for file in found:
        name = file.relative_to(root)
        if file.is_file() and not _LEFT_OUT.intersection(name.parts):
            yield file, name.as_posix()


def _fixed_part(pattern: str) -> Path:
    """Return what stands before the first wildcard."""
    fixed = Path(pattern)
    while glob.has_magic(str(fixed)):
        fixed = fixed.parent
    return fixed


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while data := file.read(1 << 20):
        digest.update(data)
    file.seek(0)
    return digest.hexdigest()
