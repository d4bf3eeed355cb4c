"""Records of objects in the database: headers, and checksums that are already computed."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from airflow_provider_bcs.local.store import Store

from .digest import Checksums

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    md5 TEXT NOT NULL,
    crc64 TEXT NOT NULL,
    headers TEXT NOT NULL,
    PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS appends (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    inode INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
"""

#: Response header with the type of an object, stored with it unless it is ``Normal``.
OBJECT_TYPE = "x-oss-object-type"
#: Request and response header with the storage class, stored with an object unless it is ``Standard``.
STORAGE_CLASS = "x-oss-storage-class"


@dataclass(frozen=True)
class Record:
    """Checksums and headers of one object.

    :ivar headers: headers of PutObject that are returned with the object, such as ``Content-Type``
    """

    checksums: Checksums
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def object_type(self) -> str:
        """``Normal``, ``Appendable`` or ``Multipart``, by the operation that wrote the object."""
        return self.headers.get(OBJECT_TYPE, "Normal")


@dataclass(frozen=True)
class Append:
    """Append that has begun.

    :ivar inode: inode of the file
    :ivar size: size of the file before the append, in bytes
    :ivar mtime_ns: modification time of the file before the append
    """

    bucket: str
    key: str
    inode: int
    size: int
    mtime_ns: int

    def undo(self, descriptor: int) -> None:
        """Cut off the appended bytes of the open file, unless it is another file."""
        status = os.fstat(descriptor)
        if status.st_ino == self.inode and status.st_size >= self.size:
            os.truncate(descriptor, self.size)
            os.utime(descriptor, ns=(status.st_atime_ns, self.mtime_ns))


def version(status: os.stat_result) -> str:
    """Return the version of a file, which changes with every write; the version of a directory never changes."""
    if stat.S_ISDIR(status.st_mode):
        return f"{status.st_ino}"
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"


class Records:
    """Records in the database; a record is valid only for the version of the file that it was written for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, bucket: str, key: str, status: os.stat_result) -> Record | None:
        row = self._store.row("SELECT * FROM objects WHERE bucket = ? AND key = ?", bucket, key)
        if row is None or row["version"] != version(status):
            return None
        return Record(Checksums(row["md5"], int(row["crc64"])), json.loads(row["headers"]))

    def put(self, bucket: str, key: str, status: os.stat_result, record: Record) -> None:
        """Store the record of a file, and end its append."""
        with self._store.transaction():
            self._store.execute(
                "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)",
                *(bucket, key, version(status)),
                *(record.checksums.md5, str(record.checksums.crc64), json.dumps(dict(record.headers))),
            )
            self._store.execute("DELETE FROM appends WHERE bucket = ? AND key = ?", bucket, key)

    def delete(self, bucket: str, key: str) -> None:
        self._store.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", bucket, key)

    @contextmanager
    def append(self, bucket: str, key: str, descriptor: int) -> Iterator[None]:
        """Run the block, which appends to the open file and puts its new record; undo the append if it fails.

        The row of the append exists until the new record does: after a kill, the next service finds it.
        """
        before = os.fstat(descriptor)
        append = Append(bucket, key, before.st_ino, before.st_size, before.st_mtime_ns)
        values = (append.inode, append.size, append.mtime_ns)
        self._store.execute("INSERT OR REPLACE INTO appends VALUES (?, ?, ?, ?, ?)", bucket, key, *values)
        try:
            yield
        except BaseException:
            append.undo(descriptor)
            self.forget(append)
            raise

    def interrupted_appends(self) -> list[Append]:
        """Return the appends that the kill of the service has interrupted."""
        return [Append(**dict(row)) for row in self._store.rows("SELECT * FROM appends")]

    def forget(self, append: Append) -> None:
        self._store.execute("DELETE FROM appends WHERE bucket = ? AND key = ?", append.bucket, append.key)

    def folders(self, bucket: str) -> Mapping[str, str]:
        """Return the versions of the objects that are directories, by key."""
        rows = self._store.rows("SELECT key, version FROM objects WHERE bucket = ? AND key LIKE '%/'", bucket)
        return {row["key"]: row["version"] for row in rows}
