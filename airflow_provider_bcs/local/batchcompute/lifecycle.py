"""State machines of jobs, tasks and instances.

Every method is one transaction. This module does not know processes: the engine ends the shims of instances that are
no longer Running.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from airflow_provider_bcs.batchcompute.facts import (
    ACTIVE,
    FAILED,
    FINISHED,
    RUNNING,
    STOPPED,
    TERMINAL,
    UNSUCCESSFUL,
    WAITING,
)
from airflow_provider_bcs.local.clock import now
from airflow_provider_bcs.local.error_response import state_conflict
from airflow_provider_bcs.local.shim.result import NO_RESULT, Result
from airflow_provider_bcs.local.store import where

from .description import predecessors
from .jobs import Job, Jobs
from .notification import Notifier

log = logging.getLogger(__name__)

#: Columns of an instance that has not started.
_RESET: dict[str, Any] = {
    "state": WAITING,
    "started": "",
    "ended": "",
    "exit_code": 0,
    "error_code": "",
    "error_message": "",
    "detail": "",
}


@dataclass(frozen=True)
class InstanceKey:
    """Key of an instance.

    :ivar job: number of the job
    :ivar task: name of the task
    :ivar position: position of the task in the job
    :ivar number: InstanceId
    """

    job: int
    task: str
    position: int
    number: int


class Lifecycle:
    """State machines of jobs, tasks and instances."""

    def __init__(self, jobs: Jobs, notifier: Notifier) -> None:
        self._jobs = jobs
        self._store = jobs.store
        self._notifier = notifier
        self._callbacks: dict[int, list[Callable[[Job], None]]] = {}

    def create(self, description: dict[str, Any]) -> str:
        """Create a Waiting job; return its id."""
        with self._store.transaction():
            job_id = self._jobs.add(description)
            job = self._jobs.get(job_id)
            assert job is not None
            with self._notifier.changes(job, is_new=True):
                return job_id

    def call_at_end(self, job: Job, callback: Callable[[Job], None]) -> None:
        """Call ``callback`` with the job once it has ended, before it can be deleted."""
        with self._store.lock:
            if job.state in ACTIVE:
                self._callbacks.setdefault(job.number, []).append(callback)
            else:
                callback(job)

    def stop(self, job: Job) -> None:
        """Stop a job; its state is Stopped on return.

        :raises ErrorResponse: StateConflict, unless it is Waiting or Running
        """
        _require(job, *ACTIVE)
        self._end(job, STOPPED)

    def start(self, job: Job) -> None:
        """Run the unfinished instances of a Stopped or Failed job again.

        Assumption: StartJob resets the times, RetryCount and messages of these instances.

        :raises ErrorResponse: StateConflict, unless it is Stopped or Failed
        """
        _require(job, *UNSUCCESSFUL)
        with self._store.transaction(), self._notifier.changes(job):
            unfinished = where(job=job.number, state__ne=FINISHED)
            self._store.update("instances", {**_RESET, "retry_count": 0}, unfinished)
            self._update_job(job, state=WAITING, message="", started="", ended="")

    def delete(self, job: Job) -> None:
        """Delete a job.

        :raises ErrorResponse: StateConflict when it is Waiting or Running
        """
        _require(job, *TERMINAL)
        self._jobs.delete(job)

    def change_priority(self, job: Job, priority: int) -> None:
        """Change the Priority of a job.

        :raises ErrorResponse: StateConflict, unless it is Stopped or Failed
        """
        # Sources disagree about Failed jobs. StartJob accepts them like Stopped jobs, so this does, too.
        _require(job, *UNSUCCESSFUL)
        with self._store.transaction():
            self._update_job(job, priority=priority)
            self._notifier.priority_changed(job, priority)

    def next_instance(self, busy: set[InstanceKey]) -> tuple[Job, InstanceKey] | None:
        """Return the next instance to run, by Priority and age of the jobs, or None.

        :param busy: instances that still have a shim, even when they are Waiting again
        """
        for job in self._jobs.active():
            states = self._jobs.task_states(job)
            for position, (task, before) in enumerate(predecessors(job.description).items()):
                if all(states[name] == FINISHED for name in before):
                    key = self._first_waiting(job, task, position, busy)
                    if key is not None:
                        return job, key
        return None

    def _first_waiting(self, job: Job, task: str, position: int, busy: set[InstanceKey]) -> InstanceKey | None:
        rows = self._store.rows(
            "SELECT number FROM instances WHERE job = ? AND task = ? AND state = ? ORDER BY number LIMIT ?",
            job.number,
            position,
            WAITING,
            len(busy) + 1,
        )
        keys = (InstanceKey(job.number, task, position, row["number"]) for row in rows)
        return next((key for key in keys if key not in busy), None)

    def begin(self, job: Job, key: InstanceKey) -> int:
        """Record the start of an instance before its shim starts; return the number of the attempt."""
        with self._store.transaction(), self._notifier.changes(job, key):
            time = now()
            [row] = self._jobs.instances(job, key.position, where(number=key.number))
            attempt = int(row["attempt"]) + 1
            self._update(key, state=RUNNING, started=time, attempt=attempt)
            if job.state == WAITING:
                self._update_job(job, state=RUNNING, started=time)
                log.info("%s (%s) is %s.", job.id, job.description["Name"], RUNNING)
            return attempt

    def requeue(self, key: InstanceKey) -> None:
        """Make an instance Waiting after a shutdown of the service or the machine, which does not count as a retry."""
        with self._store.transaction():
            job = self._jobs.by_number(key.job)
            assert job is not None
            with self._notifier.changes(job, key):
                self._update(key, **_RESET)

    def finish(self, key: InstanceKey, result: Result) -> None:
        """Record the result of the current attempt of a Running instance."""
        with self._store.transaction():
            job = self._jobs.by_number(key.job)
            assert job is not None
            [row] = self._jobs.instances(job, key.position, where(number=key.number))
            if result["ErrorCode"] and row["retry_count"] < job.tasks[key.task]["MaxRetryCount"]:
                # Assumption: an instance is Waiting between two attempts.
                with self._notifier.changes(job, key):
                    self._update(key, **_RESET, retry_count=row["retry_count"] + 1)
                return
            with self._notifier.changes(job, key):
                self._update(
                    key,
                    state=FAILED if result["ErrorCode"] else FINISHED,
                    ended=now(),
                    exit_code=result["ExitCode"],
                    error_code=result["ErrorCode"],
                    error_message=result["ErrorMessage"],
                    detail=result["Detail"],
                )
            if result["ErrorCode"] and job.fails_on_instance_fail:
                self._end(job, FAILED, _failure(key, result, row["retry_count"]))
            else:
                self._settle(job)

    def _settle(self, job: Job) -> None:
        """End a job when none of its tasks is Running or can run."""
        states = self._jobs.task_states(job)
        for task, before in predecessors(job.description).items():
            ready = all(states[name] == FINISHED for name in before)
            if states[task] == RUNNING or (states[task] == WAITING and ready):
                return
        failed = [task for task, state in states.items() if state == FAILED]
        if failed:
            self._end(job, FAILED, self._why_failed(job, failed[0]))
        else:
            self._end(job, FINISHED)
            if job.description["AutoRelease"]:
                self._jobs.delete(job)

    def _why_failed(self, job: Job, task: str) -> str:
        position = list(job.tasks).index(task)
        [row] = self._jobs.instances(job, position, where(state=FAILED), order="ended DESC", limit=1)
        result: Result = {
            **NO_RESULT,
            "ErrorCode": row["error_code"],
            "ErrorMessage": row["error_message"],
        }
        last = _failure(InstanceKey(job.number, task, position, row["number"]), result, row["retry_count"])
        return f"No instance of task {task} finished. {last}"

    def _end(self, job: Job, state: str, message: str = "") -> None:
        with self._store.transaction(), self._notifier.changes(job):
            time = now()
            # Assumption: instances that are Waiting or Running at the end of their job become Stopped.
            self._store.execute(
                "UPDATE instances SET ended = CASE state WHEN ? THEN ? ELSE '' END, state = ?"
                " WHERE job = ? AND state IN (?, ?)",
                RUNNING,
                time,
                STOPPED,
                job.number,
                *ACTIVE,
            )
            self._update_job(job, state=state, message=message, ended=time)
            ended = self._jobs.by_number(job.number)
            assert ended is not None
            for callback in self._callbacks.pop(job.number, ()):
                callback(ended)
        log.info("%s", f"{job.id} is {state}. {message}".rstrip())

    def _update(self, key: InstanceKey, **values: Any) -> None:
        self._store.update("instances", values, where(job=key.job, task=key.position, number=key.number))

    def _update_job(self, job: Job, **values: Any) -> None:
        self._store.update("jobs", values, where(number=job.number))


def _require(job: Job, *states: str) -> None:
    if job.state not in states:
        raise state_conflict(job.state)


def _failure(key: InstanceKey, result: Result, retries: int) -> str:
    after = f" after {retries} retries" if retries else ""
    reason = f"{result['ErrorCode']}: {result['ErrorMessage']}"
    return f"Instance {key.number} of task {key.task} failed{after}: {reason}"
