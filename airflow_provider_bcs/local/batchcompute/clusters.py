"""Clusters and their machines as rows of the store, and how they change with time.

The machines are rows only: instances of jobs run beside them, whatever cluster their job names.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from airflow_provider_bcs.batchcompute.facts import (
    CLUSTER_ACTIVE,
    CLUSTER_DELETING,
    MACHINE_DELETING,
    MACHINE_PENDING,
    MACHINE_RUNNING,
    MACHINE_STARTING,
)
from airflow_provider_bcs.description.rules import is_absent
from airflow_provider_bcs.local.api_error import invalid, not_found, state_conflict
from airflow_provider_bcs.local.clock import now
from airflow_provider_bcs.local.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS clusters (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    created TEXT NOT NULL,
    deleted_at REAL
);
CREATE TABLE IF NOT EXISTS machines (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster INTEGER NOT NULL REFERENCES clusters ON DELETE CASCADE,
    group_name TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    since REAL NOT NULL,
    created TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS machines_by_group ON machines (cluster, group_name, state);
CREATE INDEX IF NOT EXISTS machines_by_state ON machines (state, since);
CREATE TABLE IF NOT EXISTS cluster_logs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster INTEGER NOT NULL REFERENCES clusters ON DELETE CASCADE,
    line TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS logs_by_cluster ON cluster_logs (cluster);
"""


@dataclass(frozen=True)
class Cluster:
    """A row of ``clusters``; ``number`` counts clusters in the order of their creation."""

    number: int
    id: str
    text: str
    created: str
    deleted_at: float | None

    @cached_property
    def description(self) -> dict[str, Any]:
        """What was submitted and what it was changed to since."""
        description: dict[str, Any] = json.loads(self.text)
        return description

    @property
    def state(self) -> str:
        return CLUSTER_ACTIVE if self.deleted_at is None else CLUSTER_DELETING


class Clusters:
    """The state machines of clusters and machines; every method is to be called in a transaction.

    :param delay: seconds that a machine takes to come, and to go
    """

    def __init__(self, store: Store, delay: float) -> None:
        self.store = store
        self._delay = delay

    def settle(self) -> None:
        """Do what time has brought; called before each look at clusters, so nothing needs to run in between."""
        half, moment = self._delay / 2, time.time()
        self._advance(MACHINE_PENDING, MACHINE_STARTING, half, moment)
        self._log_machines("Instance is active", "state = ? AND since <= ?", MACHINE_STARTING, moment - half)
        self._advance(MACHINE_STARTING, MACHINE_RUNNING, half, moment)
        released = (MACHINE_DELETING, moment - self._delay)
        self._log_machines("Instance released", "state = ? AND since <= ?", *released)
        self.store.execute("DELETE FROM machines WHERE state = ? AND since <= ?", *released)
        self.store.execute("DELETE FROM clusters WHERE deleted_at <= ?", moment - self._delay)

    def _advance(self, before: str, after: str, seconds: float, moment: float) -> None:
        """Let machines change their state that have been in it for so long."""
        self.store.execute(
            "UPDATE machines SET state = ?, since = since + ? WHERE state = ? AND since <= ?",
            after,
            seconds,
            before,
            moment - seconds,
        )

    def add(self, description: dict[str, Any]) -> str:
        """Make an Active cluster whose machines are on their way; return its id."""
        # Letters and digits, as the service's own ids.
        cluster_id = f"cls-{secrets.token_hex(11)}"
        self.store.execute(
            "INSERT INTO clusters (id, description, created) VALUES (?, ?, ?)",
            cluster_id,
            json.dumps(description),
            now(),
        )
        cluster = self.get(cluster_id)
        self._log(cluster, "Creating cluster successfully")
        for name in description["Groups"]:
            self._log(cluster, f"[{name}]Creating instance group successfully")
            self._converge(cluster, name)
        return cluster_id

    def get(self, cluster_id: str) -> Cluster:
        """:raises ApiError: InvalidResource.NotFound"""
        for cluster in self.select("WHERE id = ?", cluster_id):
            return cluster
        raise not_found()

    def select(self, tail: str, *values: Any) -> Iterator[Cluster]:
        """Yield clusters; ``tail`` is what follows the table's name in the statement."""
        for row in self.store.rows(f"SELECT * FROM clusters {tail}", *values):  # noqa: S608
            yield Cluster(*row)

    def modify(self, cluster: Cluster, change: dict[str, Any]) -> None:
        """Replace what ``change`` names; machines come and go as their group's DesiredVMCount says.

        :raises ApiError: StateConflict unless the cluster is Active; InvalidGroups for a group that it has not
        """
        _require_active(cluster)
        description = cluster.description
        groups = change.pop("Groups", None) or {}
        mounts = (change.pop("Configs", None) or {}).get("Mounts")
        for name, fields in groups.items():
            if name not in description["Groups"]:
                # Groups cannot be added later; that this is the error is an assumption.
                raise invalid("Groups", f"There is no group {name}.")
            description["Groups"][name].update(_present(fields))
        description.update(_present(change))
        if mounts is not None:
            description["Configs"] = {**(description.get("Configs") or {}), "Mounts": mounts}
        self._save(cluster)
        for name in groups:
            self._converge(cluster, name)

    def delete(self, cluster: Cluster) -> None:
        """:raises ApiError: StateConflict when it is being deleted already"""
        _require_active(cluster)
        self.store.execute("UPDATE clusters SET deleted_at = ? WHERE number = ?", time.time(), cluster.number)
        self._release("cluster = ?", cluster.number)

    def require_usable(self, cluster_id: str) -> None:
        """Let a job use a cluster: any that is not known here will do, so that job files run as they are.

        :raises ApiError: StateConflict when it is being deleted
        """
        for cluster in self.select("WHERE id = ?", cluster_id):
            _require_active(cluster)

    # Machines

    def machines(self, cluster: Cluster, group: str, tail: str = "", *values: Any) -> list[Any]:
        """Return the machines of a group as rows; ``tail`` narrows the selection.

        :raises ApiError: InvalidResource.NotFound when the cluster has no such group
        """
        if group not in cluster.description["Groups"]:
            raise not_found()
        return self.store.rows(
            f"SELECT * FROM machines WHERE cluster = ? AND group_name = ? {tail}",  # noqa: S608
            cluster.number,
            group,
            *values,
        )

    def counts(self, cluster: Cluster) -> dict[tuple[str, str], int]:
        """Return the number of machines by group and state."""
        rows = self.store.rows(
            "SELECT group_name, state, COUNT(*) AS count FROM machines WHERE cluster = ? GROUP BY group_name, state",
            cluster.number,
        )
        return {(row["group_name"], row["state"]): row["count"] for row in rows}

    def logs(self, cluster: Cluster, count: int) -> list[str]:
        """Return the last lines of what happened to a cluster, the oldest first."""
        rows = self.store.rows(
            "SELECT line FROM cluster_logs WHERE cluster = ? ORDER BY number DESC LIMIT ?", cluster.number, count
        )
        return [row["line"] for row in reversed(rows)]

    def delete_machine(self, cluster: Cluster, machine: Any) -> None:
        """Release a machine and do without it.

        :raises ApiError: StateConflict when it, or its cluster, is being deleted
        """
        self._release_one(cluster, machine)
        cluster.description["Groups"][machine["group_name"]]["DesiredVMCount"] -= 1
        self._save(cluster)

    def recreate_machine(self, cluster: Cluster, machine: Any) -> None:
        """Release a machine and get another; errors are those of :meth:`delete_machine`."""
        self._release_one(cluster, machine)
        self._converge(cluster, machine["group_name"])

    def _release_one(self, cluster: Cluster, machine: Any) -> None:
        _require_active(cluster)
        if machine["state"] == MACHINE_DELETING:
            raise state_conflict(MACHINE_DELETING)
        self._release("number = ?", machine["number"])

    def _converge(self, cluster: Cluster, group: str) -> None:
        """Let machines come or go until there are as many as there are to be."""
        desired = cluster.description["Groups"][group]["DesiredVMCount"]
        present = self.machines(cluster, group, "AND state != ? ORDER BY number", MACHINE_DELETING)
        # Assumption: the newest go first.
        for machine in present[desired:]:
            self._release("number = ?", machine["number"])
        first, moment, created = self._next_number(), time.time(), now()
        missing = desired - len(present)
        self.store.execute_many(
            "INSERT INTO machines (cluster, group_name, id, state, since, created) VALUES (?, ?, ?, ?, ?, ?)",
            (
                (cluster.number, group, f"i-{secrets.token_hex(10)}", MACHINE_PENDING, moment, created)
                for _ in range(missing)
            ),
        )
        self._log_machines("Instance created", "cluster = ? AND number >= ?", cluster.number, first)

    def _next_number(self) -> int:
        row = self.store.row("SELECT COALESCE(MAX(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'machines'")
        assert row is not None
        return int(row[0])

    def _release(self, condition: str, *values: Any) -> None:
        self._log_machines("Release ECS instance...", f"state != ? AND {condition}", MACHINE_DELETING, *values)
        self.store.execute(
            f"UPDATE machines SET state = ?, since = ? WHERE state != ? AND {condition}",  # noqa: S608
            MACHINE_DELETING,
            time.time(),
            MACHINE_DELETING,
            *values,
        )

    def _save(self, cluster: Cluster) -> None:
        self.store.execute(
            "UPDATE clusters SET description = ? WHERE number = ?", json.dumps(cluster.description), cluster.number
        )

    def _log(self, cluster: Cluster, text: str) -> None:
        self.store.execute("INSERT INTO cluster_logs (cluster, line) VALUES (?, ?)", cluster.number, f"[{now()}]{text}")

    def _log_machines(self, text: str, condition: str, *values: Any) -> None:
        self.store.execute(
            "INSERT INTO cluster_logs (cluster, line)"  # noqa: S608
            " SELECT cluster, '[' || ? || '][' || group_name || '][' || id || ']' || ? FROM machines"
            f" WHERE {condition} ORDER BY number",
            now(),
            text,
            *values,
        )


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    """Clients send null or an empty string for "not set"."""
    return {name: value for name, value in fields.items() if not is_absent(value)}


def _require_active(cluster: Cluster) -> None:
    if cluster.state != CLUSTER_ACTIVE:
        raise state_conflict(cluster.state)
