"""Reproducible archive of programs: its bytes and its name depend on the packed files only."""

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

__all__ = ["Objects", "Package"]

_EXCLUDED = {"__pycache__", ".git"}


class Objects(Protocol):
    """Target of an upload, such as ``ObjectStore``."""

    def exists(self, uri: str) -> bool: ...

    def upload(self, path: str, uri: str) -> None: ...


@dataclass(frozen=True)
class Package:
    """Files to pack.

    :ivar files: names in the archive by file

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "train.py").write_text("print('hello')")
    ...     sorted(Package.of("*.py", [folder]).files.values())
    ['train.py']

    ``Package.of("programs", [dag_folder]).ship(store, "oss://bucket/packages/")`` uploads a directory.
    """

    files: dict[Path, str]

    @classmethod
    def of(cls, source: str, folders: Iterable[str]) -> Package:
        """Return the package of a directory, a file or a glob pattern.

        Names in the archive are relative to the directory, or to the part of the pattern before its first wildcard.

        :param source: path or pattern; a relative one is searched in ``folders``
        :param folders: folders to search, in this order; the first with a file counts
        :raises PackageError: when no file matches, or the pattern has ``..`` after a wildcard
        """
        folders = list(folders)
        for folder in folders:
            found = dict(_files(folder, source))
            if found:
                return cls(found)
        raise PackageError(f"package: found no file for {source!r} in {', '.join(folders)}; expected at least one.")

    def ship(self, objects: Objects, folder_uri: str) -> str:
        """Upload the archive unless it exists; return its URI.

        :param objects: target of the upload
        :param folder_uri: URI of the folder, e.g. ``oss://bucket/packages/``
        :raises ApiError: when the upload failed
        """
        with tempfile.TemporaryFile() as tar, tempfile.NamedTemporaryFile(suffix=".tar.gz") as archive:
            self._write(tar)
            # Hash of the uncompressed archive: compressed bytes differ between versions of zlib.
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
            # Names with .. would be unpacked outside the target directory.
            raise PackageError(
                f"package: found '..' after a wildcard in {source!r}; expected '..' before the first wildcard."
            )
        root = Path(folder, fixed)
        found = map(Path, glob.iglob(os.path.join(glob.escape(folder), source), recursive=True))
    for file in found:
        name = file.relative_to(root)
        if file.is_file() and not _EXCLUDED.intersection(name.parts):
            yield file, name.as_posix()


def _fixed_part(pattern: str) -> Path:
    """Return the part of a pattern before its first wildcard."""
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
