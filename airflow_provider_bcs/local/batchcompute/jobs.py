"""Jobs, tasks and instances as rows of the store."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from airflow_provider_bcs.batchcompute.facts import ACTIVE, FAILED, FINISHED, RUNNING, STATES, STOPPED, WAITING
from airflow_provider_bcs.local.clock import now
from airflow_provider_bcs.local.store import Store, Where, where

from .description import tasks_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    priority INTEGER NOT NULL,
    state TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL,
    started TEXT NOT NULL DEFAULT '',
    ended TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, priority, number);
CREATE INDEX IF NOT EXISTS jobs_in_order ON jobs (state, number);
CREATE TABLE IF NOT EXISTS tasks (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    cluster_id TEXT NOT NULL,
    PRIMARY KEY (job, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS instances (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    task INTEGER NOT NULL,
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    started TEXT NOT NULL DEFAULT '',
    ended TEXT NOT NULL DEFAULT '',
    attempt INTEGER NOT NULL DEFAULT 0,
    retry_count INTEGER NOT NULL DEFAULT 0,
    exit_code INTEGER NOT NULL DEFAULT 0,
    error_code TEXT NOT NULL DEFAULT '',
    error_message TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (job, task, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS instances_by_state ON instances (job, task, state, number);
"""


def task_state(instance_states: Collection[str], job_state: str, job_fail_on_instance_fail: bool) -> str:
    """Derive the state of a task.

    :param instance_states: states of its instances
    """
    found = set(instance_states)
    if RUNNING in found:
        return RUNNING
    if WAITING in found:
        # A task is Running between two of its instances; StartJob makes it Waiting again.
        return RUNNING if len(found) > 1 and job_state == RUNNING else WAITING
    # Assumption: without JobFailOnInstanceFail, a task is Finished when one of its instances is.
    order = (FAILED, STOPPED, FINISHED) if job_fail_on_instance_fail else (STOPPED, FINISHED, FAILED)
    return next(state for state in order if state in found)


@dataclass(frozen=True)
class Job:
    """Row of ``jobs``.

    :ivar number: sequence number in the order of creation
    :ivar text: description as JSON
    """

    number: int
    id: str
    text: str
    priority: int
    state: str
    message: str
    created: str
    started: str
    ended: str

    @cached_property
    def description(self) -> dict[str, Any]:
        """Submitted description with default values; callers must not change it."""
        description: dict[str, Any] = json.loads(self.text)
        return description

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        return tasks_of(self.description)

    @property
    def fails_on_instance_fail(self) -> bool:
        return bool(self.description["JobFailOnInstanceFail"])


class Jobs:
    """Access to the jobs in the store, without checks of their states."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def count(self) -> int:
        row = self.store.row("SELECT COUNT(*) FROM jobs")
        assert row is not None
        return int(row[0])

    def add(self, description: dict[str, Any]) -> str:
        """Create a Waiting job with all its instances; return its id."""
        with self.store.transaction():
            self.store.execute(
                "INSERT INTO jobs (id, description, priority, state, created) VALUES ('', ?, ?, ?, ?)",
                json.dumps(description),
                description["Priority"],
                WAITING,
                now(),
            )
            row = self.store.row("SELECT last_insert_rowid()")
            assert row is not None
            number = int(row[0])
            # Time, a random part, and the number, which ListJobs reads from markers.
            job_id = f"job-{int(time.time()):016X}{secrets.randbits(32):08X}{number:08X}"
            self.store.execute("UPDATE jobs SET id = ? WHERE number = ?", job_id, number)
            tasks = list(tasks_of(description).items())
            self.store.execute_many(
                "INSERT INTO tasks VALUES (?, ?, ?, ?)",
                ((number, position, name, task["ClusterId"]) for position, (name, task) in enumerate(tasks)),
            )
            self.store.execute_many(
                "INSERT INTO instances (job, task, number, state) VALUES (?, ?, ?, ?)",
                (
                    (number, position, instance, WAITING)
                    for position, (_, task) in enumerate(tasks)
                    for instance in range(task["InstanceCount"])
                ),
            )
        return job_id

    def get(self, job_id: str) -> Job | None:
        return next(self.select(where(id=job_id)), None)

    def by_number(self, number: int) -> Job | None:
        return next(self.select(where(number=number)), None)

    def select(self, condition: Where, order: str = "", limit: int = -1) -> Iterator[Job]:
        columns = "number, id, description, priority, state, message, created, started, ended"
        for row in self.store.select("jobs", condition, columns=columns, order=order, limit=limit):
            yield Job(*row)

    def active(self) -> Iterator[Job]:
        """Yield the Waiting and Running jobs, highest Priority first, then oldest first."""
        numbers = self.store.rows(
            "SELECT number FROM jobs WHERE state IN (?, ?) ORDER BY priority DESC, number", *ACTIVE
        )
        for row in numbers:
            yield from self.select(where(number=row["number"]))

    def delete(self, job: Job) -> None:
        self.store.execute("DELETE FROM jobs WHERE number = ?", job.number)

    def instance_states(self, job: Job) -> dict[str, set[str]]:
        """Return the states that occur among the instances of each task."""
        found: dict[str, set[str]] = {name: set() for name in job.tasks}
        for row in self.store.rows(
            # Five index look-ups per task, independent of the number of its instances.
            "WITH states (state) AS (VALUES (?), (?), (?), (?), (?))"
            " SELECT name, state FROM tasks, states WHERE job = ? AND EXISTS (SELECT 1 FROM instances i"
            " WHERE i.job = tasks.job AND i.task = tasks.position AND i.state = states.state)",
            *STATES,
            job.number,
        ):
            found[row["name"]].add(row["state"])
        return found

    def task_states(self, job: Job) -> dict[str, str]:
        return {
            name: task_state(states, job.state, job.fails_on_instance_fail)
            for name, states in self.instance_states(job).items()
        }

    def instance_counts(self, job: Job, task: int | None = None) -> dict[int, Counter[str]]:
        """Return the number of instances by state, for each task by position.

        :param task: position of the only task to count; None counts all
        """
        found: dict[int, Counter[str]] = {}
        for row in self.store.rows(
            "SELECT task, state, COUNT(*) AS count FROM instances WHERE job = ? AND (? IS NULL OR task = ?)"
            " GROUP BY task, state",
            job.number,
            task,
            task,
        ):
            found.setdefault(row["task"], Counter())[row["state"]] = row["count"]
        return found

    def task_times(self, job: Job, task: int, state: str) -> tuple[str, str]:
        """Return the StartTime and EndTime of a task in a state."""
        row = self.store.row(
            "SELECT MIN(NULLIF(started, '')) AS started, MAX(ended) AS ended FROM instances WHERE job = ? AND task = ?",
            job.number,
            task,
        )
        assert row is not None
        return row["started"] or "", "" if state in ACTIVE else row["ended"]

    def instances(
        self, job: Job, task: int, condition: Where, order: str = "number", limit: int = -1
    ) -> list[sqlite3.Row]:
        """Return instances of a task as rows."""
        of_task = where(job=job.number, task=task)
        return self.store.select("instances", of_task & condition, order=order, limit=limit)
