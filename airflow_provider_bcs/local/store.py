"""State of the service in SQLite: one connection, one lock, durable transactions."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OPERATORS = {
    "": "= ?",
    "ne": "!= ?",
    "lt": "< ?",
    "le": "<= ?",
    "gt": "> ?",
    "ge": ">= ?",
    "in": "IN (SELECT value FROM json_each(?))",
}


@dataclass(frozen=True)
class Where:
    """Condition of a statement, and the values of its placeholders."""

    text: str = "TRUE"
    values: tuple[Any, ...] = ()

    def __and__(self, other: Where) -> Where:
        return Where(f"{self.text} AND {other.text}", (*self.values, *other.values))


def where(**conditions: Any) -> Where:
    """Return the conjunction of conditions on columns.

    ``where(state="Running", number__ge=3, ended=None)`` is ``state = 'Running' AND number >= 3 AND ended IS NULL``.
    The operators are ``ne``, ``lt``, ``le``, ``gt``, ``ge`` and ``in``.
    """
    found = Where()
    for name, value in conditions.items():
        column, _, operator = name.partition("__")
        if value is None:
            found &= Where(f"{column} IS NULL")
        else:
            found &= Where(f"{column} {_OPERATORS[operator]}", (json.dumps([*value]) if operator == "in" else value,))
    return found


class Store:
    """Database, usable from any thread.

    :param schemas: statements that create the missing tables
    :ivar lock: held during every statement; a caller holds it around statements that belong together
    """

    def __init__(self, path: Path, *schemas: str) -> None:
        self.lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        # With NORMAL, only a power failure loses the last transactions, not the kill of the process.
        for setting in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {setting}")
        for schema in schemas:
            self._connection.executescript(schema)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the statements of the block in one transaction; blocks can be nested."""
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
        """Execute one statement; return the number of changed rows."""
        with self.lock:
            return self._connection.execute(sql, values).rowcount

    def execute_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with self.lock:
            self._connection.executemany(sql, rows)

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self.lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        with self.lock:
            found: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
            return found

    def select(
        self, table: str, condition: Where, *, columns: str = "*", order: str = "", limit: int = -1, offset: int = 0
    ) -> list[sqlite3.Row]:
        """Return rows of a table; a negative ``limit`` means unlimited."""
        order_by = f" ORDER BY {order}" if order else ""
        # Names of tables and columns come from this package, values are placeholders.
        sql = f"SELECT {columns} FROM {table} WHERE {condition.text}{order_by} LIMIT ? OFFSET ?"  # noqa: S608
        return self.rows(sql, *condition.values, limit, offset)

    def update(self, table: str, values: Mapping[str, Any], condition: Where) -> int:
        """Set columns of rows; return the number of changed rows."""
        columns = ", ".join(f"{name} = ?" for name in values)
        sql = f"UPDATE {table} SET {columns} WHERE {condition.text}"  # noqa: S608 - as in select()
        return self.execute(sql, *values.values(), *condition.values)

    def close(self) -> None:
        with self.lock:
            self._connection.close()
