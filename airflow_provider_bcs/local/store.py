"""The service's state in SQLite: one connection, one lock, transactions that survive a killed process."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Store:
    """The database file, usable from any thread.

    :param schemas: the statements that create the tables, where they do not exist
    :ivar lock: held for every statement; hold it yourself around statements that belong together
    """

    def __init__(self, path: Path, *schemas: str) -> None:
        self.lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        # NORMAL loses nothing when a process is killed; only a power failure can take the last transactions.
        for setting in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {setting}")
        for schema in schemas:
            self._connection.executescript(schema)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the statements in the block one transaction; blocks may be nested."""
        with self.lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def execute(self, sql: str, *values: Any) -> int:
        """Run one statement; return the number of rows it changed."""
        with self.lock:
            return self._connection.execute(sql, values).rowcount

    def execute_many(self, sql: str, rows: Iterator[tuple[Any, ...]]) -> None:
        with self.lock:
            self._connection.executemany(sql, rows)

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self.lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        with self.lock:
            found: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
            return found

    def close(self) -> None:
        with self.lock:
            self._connection.close()
