"""Package of a task: an archive that is unpacked into the working directory, or a plain file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .failure import Failure
from .objects import ObjectTree
from .paths import segments

if TYPE_CHECKING:
    import tarfile

_ZIP_MAGIC = b"PK"
_ARCHIVES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar", ".zip")
# Length of a header in a tar archive.
_BLOCK = 512


def install(url: str, directory: str, objects: ObjectTree) -> None:
    """Copy or unpack the object ``url`` into ``directory``.

    The content decides whether it is an archive. A file that only its name calls one is an invalid package, such as an
    error page that was saved under the name of the archive. Assumption: BatchCompute accepts zip archives
    besides tar archives.

    :raises Failure: ``PackageNotFound``, or ``InvalidPackage`` when the archive cannot be unpacked safely
    """
    path = objects.path(url)
    if not os.path.isfile(path):
        raise Failure("PackageNotFound", f"PackagePath {url} does not exist; there is no file {path}.")
    import lzma
    import shutil
    import tarfile
    import zipfile
    import zlib

    try:
        if tarfile.is_tarfile(path):
            _untar(path, directory)
        elif _begins_with(path, _ZIP_MAGIC) and zipfile.is_zipfile(path):
            _unzip(path, directory)
        elif path.lower().endswith(_ARCHIVES):
            raise ValueError("its content is neither a tar nor a zip archive")
        else:
            target = os.path.join(directory, os.path.basename(path))
            shutil.copyfile(path, target)
            os.chmod(target, 0o755)  # noqa: S103 - a program
    # zipfile raises RuntimeError for an encrypted file, and its subclass NotImplementedError for unknown compression.
    except (
        *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
        *(EOFError, OSError, RuntimeError, ValueError),
    ) as error:
        raise Failure("InvalidPackage", f"PackagePath {url} cannot be unpacked: {error}") from None


def _begins_with(path: str, magic: bytes) -> bool:
    with open(path, "rb") as file:
        return file.read(len(magic)) == magic


def _untar(path: str, directory: str) -> None:
    import tarfile

    with tarfile.open(path) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(directory, filter="data")
        else:
            # Older patch releases of Python 3.10 and 3.11 lack extraction filters: accept only files and directories
            # with safe names.
            for member in archive.getmembers():
                if not (member.isfile() or member.isdir()):
                    raise ValueError(f"{member.name!r} is neither a file nor a directory")
                _check_name(member.name)
                archive.extract(member, directory, set_attrs=member.isfile())
        _check_end(archive)


def _check_end(archive: tarfile.TarFile) -> None:
    """Raise ValueError when the archive goes on after its last readable member.

    tarfile takes a damaged header for the end. It also leaves the checksum at the end of compressed data unread.
    """
    file: Any = archive.fileobj
    file.seek(archive.offset)
    if any(file.read(_BLOCK)):
        raise ValueError("a part of it is damaged")
    while file.read(1 << 20):
        pass


def _unzip(path: str, directory: str) -> None:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        for item in archive.infolist():
            _check_name(item.filename)
            target = archive.extract(item, directory)
            mode = item.external_attr >> 16 & 0o777
            if mode and not item.is_dir():
                os.chmod(target, mode | 0o600)


def _check_name(name: str) -> None:
    if name in (".", "./"):
        return
    try:
        segments(name.removeprefix("./"), name)
    except Failure as failure:
        raise ValueError(failure.message) from None
