"""Jobs, pods, their histories and events as rows of the store."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import Any

from airflow_provider_bcs.dlc.facts import CREATING, DEFAULT_PRIORITY, POD_PENDING
from airflow_provider_bcs.local.shim.clock import Clock
from airflow_provider_bcs.local.store import Store, Where, where

from .plan import Place, places

# Times are seconds since the epoch on the clock of PAI-DLC (:mod:`.clock`). body is the CreateJob body without secrets.
SCHEMA = """
CREATE TABLE IF NOT EXISTS dlc_jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    display_name TEXT NOT NULL,
    job_type TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    priority INTEGER NOT NULL,
    pod_count INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason_code TEXT NOT NULL DEFAULT '',
    reason_message TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL,
    submitted REAL,
    running REAL,
    finished REAL,
    modified REAL NOT NULL,
    deadline REAL,
    outcome TEXT NOT NULL DEFAULT '',
    outcome_code TEXT NOT NULL DEFAULT '',
    outcome_message TEXT NOT NULL DEFAULT '',
    restarts INTEGER NOT NULL DEFAULT 0,
    ports TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS dlc_jobs_by_status ON dlc_jobs (status, priority, number);
CREATE INDEX IF NOT EXISTS dlc_jobs_by_creation ON dlc_jobs (created);
CREATE TABLE IF NOT EXISTS dlc_history (
    job INTEGER NOT NULL REFERENCES dlc_jobs ON DELETE CASCADE,
    status TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL,
    reason_code TEXT NOT NULL,
    reason_message TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS dlc_history_by_job ON dlc_history (job);
CREATE TABLE IF NOT EXISTS dlc_pods (
    job INTEGER NOT NULL REFERENCES dlc_jobs ON DELETE CASCADE,
    position INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    id TEXT NOT NULL,
    uid TEXT NOT NULL,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    created REAL NOT NULL,
    started REAL,
    finished REAL,
    PRIMARY KEY (job, position, incarnation)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dlc_pods_by_status ON dlc_pods (status);
CREATE TABLE IF NOT EXISTS dlc_events (
    job INTEGER NOT NULL REFERENCES dlc_jobs ON DELETE CASCADE,
    pod TEXT NOT NULL,
    uid TEXT NOT NULL,
    time REAL NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS dlc_events_by_job ON dlc_events (job);
CREATE TABLE IF NOT EXISTS dlc_samples (
    job INTEGER NOT NULL REFERENCES dlc_jobs ON DELETE CASCADE,
    pod TEXT NOT NULL,
    time REAL NOT NULL,
    cpu REAL NOT NULL,
    memory REAL NOT NULL,
    disk_read REAL NOT NULL,
    disk_write REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS dlc_samples_by_job ON dlc_samples (job, pod, time);
"""
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_ID_LENGTH = 13
_DEFAULT_WORKSPACE = "1"


@dataclass(frozen=True)
class Job:
    """Row of ``dlc_jobs``.

    :ivar deadline: end of the current status: time limit, or end of the reservation of resources
    :ivar outcome: terminal status that the job will have; empty while it is undecided
    :ivar ports: ports of its pods on this machine, as JSON
    """

    number: int
    id: str
    text: str
    display_name: str
    job_type: str
    workspace_id: str
    priority: int
    pod_count: int
    status: str
    reason_code: str
    reason_message: str
    created: float
    submitted: float | None
    running: float | None
    finished: float | None
    modified: float
    deadline: float | None
    outcome: str
    outcome_code: str
    outcome_message: str
    restarts: int
    ports: str

    @cached_property
    def body(self) -> dict[str, Any]:
        """CreateJob body without secrets; callers must not change it."""
        body: dict[str, Any] = json.loads(self.text)
        return body

    @cached_property
    def places(self) -> list[Place]:
        return places(self.body)


@dataclass(frozen=True)
class Pod:
    """Row of ``dlc_pods``: an incarnation of a pod.

    :ivar job: number of the job
    :ivar position: index in the places of the job
    """

    job: int
    position: int
    incarnation: int
    id: str
    uid: str
    role: str
    status: str
    created: float
    started: float | None
    finished: float | None


class Jobs:
    """Access to the jobs and pods in the store, without checks of their statuses."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock

    def add(self, body: Mapping[str, Any]) -> Job:
        """Create a job with the status Creating.

        :param body: valid CreateJob body without secrets
        """
        job_id = "dlc" + "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))
        time = self.clock.now()
        with self.store.transaction():
            self.store.execute(
                "INSERT INTO dlc_jobs (id, body, display_name, job_type, workspace_id, priority, pod_count, status,"
                " created, modified) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                job_id,
                json.dumps(body),
                body["DisplayName"],
                body["JobType"],
                body.get("WorkspaceId") or _DEFAULT_WORKSPACE,
                # The rules warn of a Priority outside of the documented range.
                max(1, min(9, body.get("Priority") or DEFAULT_PRIORITY)),
                len(places(body)),
                CREATING,
                time,
                time,
            )
            job = self.get(job_id)
            assert job is not None
            self.record(job, CREATING, time)
        return job

    def get(self, job_id: str) -> Job | None:
        return next(iter(self.select(where(id=job_id))), None)

    def by_number(self, number: int) -> Job:
        return self.select(where(number=number))[0]

    def select(self, condition: Where, order: str = "", limit: int = -1, offset: int = 0) -> list[Job]:
        rows = self.store.select("dlc_jobs", condition, order=order, limit=limit, offset=offset)
        return [Job(*row) for row in rows]

    def update(self, job: Job, **values: Any) -> Job:
        """Set columns of a job; return the changed job."""
        self.store.update("dlc_jobs", {**values, "modified": self.clock.now()}, where(number=job.number))
        return self.by_number(job.number)

    def rewrite(self, job: Job, body: Mapping[str, Any]) -> None:
        self.update(job, body=json.dumps(body))

    def delete(self, job: Job) -> None:
        self.store.execute("DELETE FROM dlc_jobs WHERE number = ?", job.number)

    def record(self, job: Job, status: str, time: float, code: str = "", message: str = "") -> None:
        """Append a status to the history and the events of a job."""
        self.store.execute("UPDATE dlc_history SET ended = ? WHERE job = ? AND ended IS NULL", time, job.number)
        self.store.execute(
            "INSERT INTO dlc_history VALUES (?, ?, ?, NULL, ?, ?)", job.number, status, time, code, message
        )
        self.note(job, f"Job is {status}. {message}".rstrip())

    def note(self, job: Job, text: str, pod: Pod | None = None) -> None:
        """Append an event to a job, and to one of its pods."""
        self.store.execute(
            "INSERT INTO dlc_events VALUES (?, ?, ?, ?, ?)",
            job.number,
            pod.id if pod else "",
            pod.uid if pod else "",
            self.clock.now(),
            text,
        )

    def pods(self, job: Job) -> dict[int, list[Pod]]:
        """Return the incarnations of a job's pods by position, the current one last."""
        found: dict[int, list[Pod]] = {}
        for row in self.store.rows("SELECT * FROM dlc_pods WHERE job = ? ORDER BY position, incarnation", job.number):
            found.setdefault(row["position"], []).append(Pod(*row))
        return found

    def present_pods(self, job: Job) -> list[Pod]:
        return [incarnations[-1] for incarnations in self.pods(job).values()]

    def pods_with_status(self, status: str, job_statuses: Iterable[str]) -> list[Pod]:
        """Return the pods with a status, of jobs with one of some statuses."""
        rows = self.store.rows(
            "SELECT p.* FROM dlc_pods p JOIN dlc_jobs j ON j.number = p.job"
            " WHERE p.status = ? AND j.status IN (SELECT value FROM json_each(?)) ORDER BY p.job, p.position",
            status,
            json.dumps(list(job_statuses)),
        )
        return [Pod(*row) for row in rows]

    def add_pod(self, job: Job, position: int, incarnation: int) -> None:
        place = job.places[position]
        pod = Pod(
            job.number,
            position,
            incarnation,
            place.name(job.id),
            str(uuid.uuid4()),
            place.role,
            POD_PENDING,
            self.clock.now(),
            None,
            None,
        )
        self.store.execute("INSERT INTO dlc_pods VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *astuple(pod))
        self.note(job, f"Created pod: {pod.id}", pod)

    def update_pod(self, pod: Pod, **values: Any) -> None:
        this = where(job=pod.job, position=pod.position, incarnation=pod.incarnation)
        self.store.update("dlc_pods", values, this)
