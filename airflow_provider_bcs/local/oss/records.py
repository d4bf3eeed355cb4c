"""Records of objects in the database: headers, and checksums that are already computed."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
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
"""


@dataclass(frozen=True)
class Record:
    """Checksums and headers of one object.

    :ivar headers: headers of PutObject that are returned with the object, such as ``Content-Type``
    """

    checksums: Checksums
    headers: Mapping[str, str] = field(default_factory=dict)


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
        self._store.execute(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)",
            *(bucket, key, version(status)),
            *(record.checksums.md5, str(record.checksums.crc64), json.dumps(dict(record.headers))),
        )

    def delete(self, bucket: str, key: str) -> None:
        self._store.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", bucket, key)

    def folders(self, bucket: str) -> Mapping[str, str]:
        """Return the versions of the objects that are directories, by key."""
        rows = self._store.rows("SELECT key, version FROM objects WHERE bucket = ? AND key LIKE '%/'", bucket)
        return {row["key"]: row["version"] for row in rows}
