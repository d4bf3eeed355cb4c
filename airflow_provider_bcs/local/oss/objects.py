"""Buckets as directories, objects as files."""

from __future__ import annotations

import mimetypes
import os
import re
import stat
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from airflow_provider_bcs.local.error_response import ErrorResponse
from airflow_provider_bcs.local.shim.failure import Failure
from airflow_provider_bcs.local.shim.objects import ObjectTree

from . import errors
from .digest import Digest, blocks, checksums_of
from .received import Received, remove_leftovers
from .records import OBJECT_TYPE, Record, Records
from .walk import MAX_KEY, Walk

_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
#: A file modified this recently may change again without a visible change of its modification time.
_RACY_SECONDS = 1.0


@dataclass(frozen=True)
class StoredObject:
    """Object in a bucket.

    :ivar modified: modification time, seconds since the epoch
    """

    key: str
    size: int
    modified: float
    record: Record

    @property
    def content_type(self) -> str:
        """Content-Type of PutObject, else the type guessed from the file name extension."""
        # mimetypes reads a key such as "data:text/html,x" as a data URL: guess from the last segment only.
        guessed = mimetypes.guess_type(self.key.rpartition("/")[2])[0] or "application/octet-stream"
        return self.record.headers.get("content-type") or guessed


class Objects:
    """Objects in ``DIR/oss``, written by programs as files or by clients over HTTP.

    An empty directory is an object only when PutObject created it with a key that ends in ``/``.
    """

    def __init__(self, data_dir: Path, records: Records) -> None:
        self.incoming = data_dir / "tmp"
        self._root = data_dir / "oss"
        self._tree = ObjectTree(str(data_dir))
        self._records = records
        # Held from the check of a path until the file is in place.
        self._lock = threading.Lock()
        remove_leftovers(self.incoming)
        self._undo_interrupted_appends()

    # Buckets

    def buckets(self) -> list[tuple[str, float]]:
        """Return the name and modification time of each bucket, ordered by name."""
        with os.scandir(self._root) as entries:
            found = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
            return sorted((entry.name, entry.stat().st_mtime) for entry in found if _BUCKET.fullmatch(entry.name))

    def bucket_time(self, bucket: str) -> float:
        """Return the modification time of a bucket.

        :raises ErrorResponse: NoSuchBucket, InvalidBucketName
        """
        try:
            status = os.lstat(self._path(bucket))
        except OSError:
            raise errors.no_such_bucket(bucket) from None
        if not stat.S_ISDIR(status.st_mode):
            raise errors.no_such_bucket(bucket)
        return status.st_mtime

    def create_bucket(self, bucket: str) -> None:
        """Create a bucket, unless it exists."""
        with suppress(FileExistsError):
            os.mkdir(self._path(bucket))
        self.bucket_time(bucket)

    def delete_bucket(self, bucket: str) -> None:
        """Delete a bucket that holds no object."""
        self.bucket_time(bucket)
        with self._lock:
            if next(iter(self.walk(bucket)), None) is not None or not _remove_empty(self._path(bucket)):
                raise errors.bucket_not_empty(bucket)

    # Objects

    def walk(self, bucket: str, prefix: str = "", after: str = "") -> Walk:
        """Return an iterator over the keys of a bucket."""
        return Walk(self._path(bucket), self._records.folders(bucket), prefix, after)

    def usage(self, bucket: str) -> tuple[int, int]:
        """Return the number of objects and the sum of their sizes in bytes."""
        self.bucket_time(bucket)
        sizes = []
        for key in self.walk(bucket):
            # Suppressed: the object was deleted meanwhile, or the file name is not a legal key.
            with suppress(OSError, ErrorResponse):
                sizes.append(0 if key.endswith("/") else os.lstat(self._path(bucket, key)).st_size)
        return len(sizes), sum(sizes)

    def check_name(self, bucket: str, key: str) -> None:
        """Check that an object can have this key.

        :raises ErrorResponse: NoSuchBucket, InvalidObjectName
        """
        self.bucket_time(bucket)
        self._path(bucket, key)

    def find(self, bucket: str, key: str) -> StoredObject:
        """Return an object without its content.

        :raises ErrorResponse: NoSuchBucket, NoSuchKey, InvalidObjectName
        """
        found, file = self.open(bucket, key)
        file.close()
        return found

    def open(self, bucket: str, key: str) -> tuple[StoredObject, BinaryIO]:
        """Return an object and its open file; the caller closes the file and reads ``size`` bytes at most."""
        self.bucket_time(bucket)
        path = self._path(bucket, key)
        while True:
            try:
                # Without O_NONBLOCK, opening a named pipe would block until a writer opens it.
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                raise errors.no_such_key(key) from None
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode) and not key.endswith("/"):
                file: BinaryIO = os.fdopen(descriptor, "rb")
            else:
                os.close(descriptor)
                file = open(os.devnull, "rb")  # noqa: SIM115 - the caller closes it
            try:
                stored = self._stored(bucket, key, path, status, file)
            except BaseException:
                file.close()
                raise
            if stored is not None:
                return stored, file
            file.close()

    def put(
        self, bucket: str, key: str, content: Received, headers: Mapping[str, str], *, keep: bool = False
    ) -> StoredObject:
        """Store a received body as an object.

        :param headers: headers to return with the object
        :param keep: refuse to replace an existing object
        :raises ErrorResponse: NoSuchBucket, InvalidObjectName; FileAlreadyExists, when a key is a file and a directory
        """
        self.bucket_time(bucket)
        path = self._path(bucket, key)
        record = Record(content.checksums, headers)
        with self._lock:
            if keep and os.path.lexists(path) and self._exists(bucket, key):
                raise errors.exists_already("The object you specified already exists and can not be overwritten.")
            if key.endswith("/"):
                status = self._make_folder(path, key, content)
            else:
                self._prepare_path(bucket, key, path)
                status = content.move(path)
            self._records.put(bucket, key, status, record)
        return StoredObject(key, content.size, status.st_mtime, record)

    def append(
        self, bucket: str, key: str, position: int, content: Received, headers: Mapping[str, str]
    ) -> StoredObject:
        """Append a received body to an object that append() has created, or create one.

        :param position: size of the object, in bytes; 0 creates an object that does not exist
        :param headers: headers to return with a new object
        :raises ErrorResponse: NoSuchBucket, InvalidObjectName, ObjectNotAppendable, PositionNotEqualToLength
        """
        self.bucket_time(bucket)
        path = self._path(bucket, key)
        if key.endswith("/"):
            raise errors.invalid_object_name(f"Key: found {key!r}, a directory; expected the key of a file.")
        with self._lock:
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return self._create_appendable(bucket, key, path, position, content, headers)
            except OSError:
                # A program's file that this user cannot write, or a socket.
                raise errors.object_not_appendable() from None
            try:
                return self._append(bucket, key, descriptor, position, content)
            finally:
                os.close(descriptor)

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object, if it exists."""
        self.bucket_time(bucket)
        path = self._path(bucket, key)
        with self._lock:
            if not key.endswith("/"):
                # Suppressed: no such file, a directory, or a key below an object.
                with suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError):
                    os.unlink(path)
            self._records.delete(bucket, key)

    def _create_appendable(
        self, bucket: str, key: str, path: str, position: int, content: Received, headers: Mapping[str, str]
    ) -> StoredObject:
        if position:
            raise errors.position_not_equal_to_length(0, 0)
        self._prepare_path(bucket, key, path)
        record = Record(content.checksums, {**headers, OBJECT_TYPE: "Appendable"})
        status = content.move(path)
        self._records.put(bucket, key, status, record)
        return StoredObject(key, content.size, status.st_mtime, record)

    def _append(self, bucket: str, key: str, descriptor: int, position: int, content: Received) -> StoredObject:
        status = os.fstat(descriptor)
        record = self._records.find(bucket, key, status)
        if not stat.S_ISREG(status.st_mode) or record is None or record.object_type != "Appendable":
            raise errors.object_not_appendable()
        if position != status.st_size:
            raise errors.position_not_equal_to_length(status.st_size, record.checksums.crc64)
        digest = Digest(record.checksums)
        with self._records.append(bucket, key, descriptor), open(descriptor, "r+b", closefd=False) as file:
            file.seek(position)
            for data in content.read():
                file.write(data)
                digest.update(data)
            file.flush()
            # An empty append is a modification too.
            os.utime(descriptor)
            status = os.fstat(descriptor)
            record = Record(digest.checksums(), record.headers)
            self._records.put(bucket, key, status, record)
        return StoredObject(key, status.st_size, status.st_mtime, record)

    def _undo_interrupted_appends(self) -> None:
        for append in self._records.interrupted_appends():
            with suppress(OSError, ErrorResponse):
                descriptor = os.open(self._path(append.bucket, append.key), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    append.undo(descriptor)
                finally:
                    os.close(descriptor)
            self._records.forget(append)

    def _exists(self, bucket: str, key: str) -> bool:
        return next(iter(self.walk(bucket, prefix=key)), None) == key

    def _make_folder(self, path: str, key: str, content: Received) -> os.stat_result:
        if content.size:
            raise errors.invalid_object_name(
                f"{key!r} ends in /: found {content.size} bytes; expected an empty body, because it is a directory."
            )
        try:
            os.makedirs(path, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise errors.exists_already(f"{key!r} cannot be a directory: an object is in its path.") from None
        return os.lstat(path)

    def _prepare_path(self, bucket: str, key: str, path: str) -> None:
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise errors.exists_already(f"{key!r} cannot be a file: an object is in its path.") from None
        if os.path.isdir(path):
            is_used = next(iter(self.walk(bucket, prefix=f"{key}/")), None) is not None
            if is_used or not _remove_empty(path):
                raise errors.exists_already(f"{key!r} cannot be a file: it is a directory that holds objects.")

    def _stored(self, bucket: str, key: str, path: str, status: os.stat_result, file: BinaryIO) -> StoredObject | None:
        """Return the object of an open file; None when another file has replaced it and it has no record."""
        record = self._records.find(bucket, key, status)
        if stat.S_ISDIR(status.st_mode) and key.endswith("/") and record is not None:
            return StoredObject(key, 0, status.st_mtime, record)
        if not stat.S_ISREG(status.st_mode) or key.endswith("/"):
            raise errors.no_such_key(key)
        if record is None:
            with self._lock:
                if not _is_at(path, status):
                    return None
                # put() and append() change the file before they write the record, both under the lock.
                status = os.fstat(file.fileno())
                record = self._records.find(bucket, key, status)
        if record is None:
            record = Record(checksums_of(blocks(file, 0, status.st_size)))
            with self._lock:
                if time.time() - status.st_mtime > _RACY_SECONDS and _is_at(path, status):
                    self._records.put(bucket, key, status, record)
        return StoredObject(key, status.st_size, status.st_mtime, record)

    def _path(self, bucket: str, key: str = "") -> str:
        if not _BUCKET.fullmatch(bucket):
            raise errors.invalid_bucket_name(bucket)
        if not key:
            try:
                return self._tree.path(f"oss://{bucket}/")
            except Failure:
                raise errors.invalid_bucket_name(bucket) from None
        if key.startswith("\\"):
            raise errors.invalid_object_name(f"Key: found {key[:100]!r}; expected another first character than \\.")
        if len(key.encode()) > MAX_KEY:
            raise errors.invalid_object_name(f"Key: found {len(key.encode())} bytes; expected at most {MAX_KEY}.")
        try:
            return self._tree.path(f"oss://{bucket}/{key}")
        except Failure as failure:
            raise errors.invalid_object_name(f"The key cannot be a file path: {failure.message}") from None


def _is_at(path: str, status: os.stat_result) -> bool:
    """Tell whether ``path`` still names this open file."""
    try:
        return os.path.samestat(os.lstat(path), status)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _remove_empty(path: str) -> bool:
    """Remove a directory tree without files; return False, and remove nothing, when it holds a file."""
    directories = [path]
    try:
        for directory in directories:
            with os.scandir(directory) as entries:
                for entry in entries:
                    if not entry.is_dir(follow_symlinks=False):
                        return False
                    directories.append(entry.path)
        for directory in reversed(directories):
            os.rmdir(directory)
    except OSError:
        # A program has written a file meanwhile, or a nested path exceeds the kernel's limit.
        return False
    return True
