"""Clusters and their machines as rows of the store, and their transitions over time.

Machines exist only as rows: an instance runs on the local machine, whatever cluster its job names.
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
from airflow_provider_bcs.description.values import is_absent
from airflow_provider_bcs.local.clock import now
from airflow_provider_bcs.local.error_response import invalid, not_found, state_conflict
from airflow_provider_bcs.local.store import Store, Where, where

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
    """Row of ``clusters``.

    :ivar number: sequence number in the order of creation
    :ivar text: description as JSON
    :ivar deleted_at: time of DeleteCluster, seconds since the epoch
    """

    number: int
    id: str
    text: str
    created: str
    deleted_at: float | None

    @cached_property
    def description(self) -> dict[str, Any]:
        """Description with the changes of ModifyCluster."""
        description: dict[str, Any] = json.loads(self.text)
        return description

    @property
    def state(self) -> str:
        return CLUSTER_ACTIVE if self.deleted_at is None else CLUSTER_DELETING


class Clusters:
    """State machines of clusters and machines; call every method in a transaction.

    :param delay: seconds that a machine takes to start, and to be released
    """

    def __init__(self, store: Store, delay: float) -> None:
        self.store = store
        self._delay = delay

    def settle(self) -> None:
        """Advance machines whose start-up or release delay has passed.

        Every operation calls it before it reads clusters, so that no background thread is necessary.
        """
        half, moment = self._delay / 2, time.time()
        self._advance(MACHINE_PENDING, MACHINE_STARTING, half, moment)
        self._log_machines("Instance is active", where(state=MACHINE_STARTING, since__le=moment - half))
        self._advance(MACHINE_STARTING, MACHINE_RUNNING, half, moment)
        released = (MACHINE_DELETING, moment - self._delay)
        self._log_machines("Instance released", where(state=MACHINE_DELETING, since__le=moment - self._delay))
        self.store.execute("DELETE FROM machines WHERE state = ? AND since <= ?", *released)
        self.store.execute("DELETE FROM clusters WHERE deleted_at <= ?", moment - self._delay)

    def _advance(self, before: str, after: str, seconds: float, moment: float) -> None:
        """Change the state of machines that have been in the state ``before`` for ``seconds``."""
        self.store.execute(
            "UPDATE machines SET state = ?, since = since + ? WHERE state = ? AND since <= ?",
            after,
            seconds,
            before,
            moment - seconds,
        )

    def add(self, description: dict[str, Any]) -> str:
        """Create an Active cluster with Pending machines; return its id."""
        # Letters and digits, like the ids of BatchCompute.
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
        """Return a cluster.

        :raises ErrorResponse: InvalidResource.NotFound
        """
        for cluster in self.select(where(id=cluster_id)):
            return cluster
        raise not_found()

    def select(self, condition: Where, order: str = "", limit: int = -1) -> Iterator[Cluster]:
        for row in self.store.select("clusters", condition, order=order, limit=limit):
            yield Cluster(*row)

    def modify(self, cluster: Cluster, change: dict[str, Any]) -> None:
        """Replace the fields in ``change``, then add or release machines to reach DesiredVMCount.

        :raises ErrorResponse: StateConflict, unless the cluster is Active; InvalidGroups for an unknown group
        """
        _require_active(cluster)
        description = cluster.description
        groups = change.pop("Groups", None) or {}
        mounts = (change.pop("Configs", None) or {}).get("Mounts")
        for name, fields in groups.items():
            if name not in description["Groups"]:
                # ModifyCluster cannot add groups; the error code is an assumption.
                raise invalid("Groups", f"The cluster has no group {name}.")
            description["Groups"][name].update(_present(fields))
        description.update(_present(change))
        if mounts is not None:
            description["Configs"] = {**(description.get("Configs") or {}), "Mounts": mounts}
        self._save(cluster)
        for name in groups:
            self._converge(cluster, name)

    def delete(self, cluster: Cluster) -> None:
        """Begin the deletion of a cluster.

        :raises ErrorResponse: StateConflict when the cluster is Deleting
        """
        _require_active(cluster)
        self.store.execute("UPDATE clusters SET deleted_at = ? WHERE number = ?", time.time(), cluster.number)
        self._release(where(cluster=cluster.number))

    def require_usable(self, cluster_id: str) -> None:
        """Check that a job may use a cluster; an unknown ClusterId is accepted, so that job files run unchanged.

        :raises ErrorResponse: StateConflict when the cluster is Deleting
        """
        for cluster in self.select(where(id=cluster_id)):
            _require_active(cluster)

    # Machines

    def machines(self, cluster: Cluster, group: str, condition: Where, limit: int = -1) -> list[Any]:
        """Return machines of a group as rows, in the order of their creation.

        :raises ErrorResponse: InvalidResource.NotFound when the cluster has no such group
        """
        if group not in cluster.description["Groups"]:
            raise not_found()
        of_group = where(cluster=cluster.number, group_name=group)
        return self.store.select("machines", of_group & condition, order="number", limit=limit)

    def counts(self, cluster: Cluster) -> dict[tuple[str, str], int]:
        """Return the number of machines by group and state."""
        rows = self.store.rows(
            "SELECT group_name, state, COUNT(*) AS count FROM machines WHERE cluster = ? GROUP BY group_name, state",
            cluster.number,
        )
        return {(row["group_name"], row["state"]): row["count"] for row in rows}

    def logs(self, cluster: Cluster, count: int) -> list[str]:
        """Return the last lines of a cluster's log, oldest first."""
        rows = self.store.rows(
            "SELECT line FROM cluster_logs WHERE cluster = ? ORDER BY number DESC LIMIT ?", cluster.number, count
        )
        return [row["line"] for row in reversed(rows)]

    def delete_machine(self, cluster: Cluster, machine: Any) -> None:
        """Release a machine and decrement DesiredVMCount.

        :raises ErrorResponse: StateConflict when the machine or its cluster is Deleting
        """
        self._release_one(cluster, machine)
        cluster.description["Groups"][machine["group_name"]]["DesiredVMCount"] -= 1
        self._save(cluster)

    def recreate_machine(self, cluster: Cluster, machine: Any) -> None:
        """Release a machine and create another one.

        :raises ErrorResponse: StateConflict when the machine or its cluster is Deleting
        """
        self._release_one(cluster, machine)
        self._converge(cluster, machine["group_name"])

    def _release_one(self, cluster: Cluster, machine: Any) -> None:
        _require_active(cluster)
        if machine["state"] == MACHINE_DELETING:
            raise state_conflict(MACHINE_DELETING)
        self._release(where(number=machine["number"]))

    def _converge(self, cluster: Cluster, group: str) -> None:
        """Add or release machines until a group has DesiredVMCount machines."""
        desired = cluster.description["Groups"][group]["DesiredVMCount"]
        present = self.machines(cluster, group, where(state__ne=MACHINE_DELETING))
        # Assumption: BatchCompute releases the newest machines first.
        for machine in present[desired:]:
            self._release(where(number=machine["number"]))
        first, moment, created = self._next_number(), time.time(), now()
        missing = desired - len(present)
        self.store.execute_many(
            "INSERT INTO machines (cluster, group_name, id, state, since, created) VALUES (?, ?, ?, ?, ?, ?)",
            (
                (cluster.number, group, f"i-{secrets.token_hex(10)}", MACHINE_PENDING, moment, created)
                for _ in range(missing)
            ),
        )
        self._log_machines("Instance created", where(cluster=cluster.number, number__ge=first))

    def _next_number(self) -> int:
        row = self.store.row("SELECT COALESCE(MAX(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'machines'")
        assert row is not None
        return int(row[0])

    def _release(self, condition: Where) -> None:
        present = condition & where(state__ne=MACHINE_DELETING)
        self._log_machines("Release ECS instance...", present)
        self.store.update("machines", {"state": MACHINE_DELETING, "since": time.time()}, present)

    def _save(self, cluster: Cluster) -> None:
        self.store.execute(
            "UPDATE clusters SET description = ? WHERE number = ?", json.dumps(cluster.description), cluster.number
        )

    def _log(self, cluster: Cluster, text: str) -> None:
        self.store.execute("INSERT INTO cluster_logs (cluster, line) VALUES (?, ?)", cluster.number, f"[{now()}]{text}")

    def _log_machines(self, text: str, condition: Where) -> None:
        time = now()
        machines = self.store.select("machines", condition, order="number")
        self.store.execute_many(
            "INSERT INTO cluster_logs (cluster, line) VALUES (?, ?)",
            [(row["cluster"], f"[{time}][{row['group_name']}][{row['id']}]{text}") for row in machines],
        )


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are set; clients send null or an empty string for a field that is not set."""
    return {name: value for name, value in fields.items() if not is_absent(value)}


def _require_active(cluster: Cluster) -> None:
    if cluster.state != CLUSTER_ACTIVE:
        raise state_conflict(cluster.state)
