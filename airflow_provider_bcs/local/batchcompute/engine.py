"""Engine that runs instances: starts shims, waits for them, and adopts them after a restart of the service."""

from __future__ import annotations

import select
import shutil
import signal
from pathlib import Path
from typing import Any, NamedTuple

from airflow_provider_bcs.batchcompute.facts import RUNNING
from airflow_provider_bcs.batchcompute.mounts import mount_entries
from airflow_provider_bcs.local.attempt import SPEC_FILE, Shim
from airflow_provider_bcs.local.runner import SHUTDOWN_SECONDS, Runner, Settings
from airflow_provider_bcs.local.shim.result import Result, failed, read_result
from airflow_provider_bcs.local.shim.spec import InstanceSpec

from .jobs import Job, Jobs
from .lifecycle import InstanceKey, Lifecycle
from .notification import Notifier

_LOST = failed("InstanceLost", "The shim process of the instance was killed.", 128 + 9)


class Attempt(NamedTuple):
    """Attempt of an instance.

    :ivar number: sequence number of the attempt
    """

    key: InstanceKey
    number: int


class Engine(Runner[Attempt]):
    """Engine for the instances of all active jobs.

    :param max_instances: maximum number of instances that run concurrently
    """

    def __init__(
        self, jobs: Jobs, lifecycle: Lifecycle, notifier: Notifier, settings: Settings, max_instances: int
    ) -> None:
        super().__init__("instances", jobs.store.lock)
        self._jobs = jobs
        self._lifecycle = lifecycle
        self._notifier = notifier
        self._settings = settings
        self._max_instances = max_instances
        self._store = jobs.store

    def start(self) -> None:
        """Recover the instances of an earlier service, then start the thread."""
        with self._store.transaction():
            recorded = self._recover()
        # After the commit: before it, the result exists only in the directory.
        for directory in recorded:
            self.remove(directory)
        self.end_obsolete()
        self._sweep()
        super().start()

    def close(self) -> None:
        super().close()
        # After the shutdown of the instances, which causes notifications.
        self._notifier.close()

    def end_obsolete(self) -> None:
        """Signal the shims of instances that are no longer Running to end; do not wait for them."""
        with self._store.lock:
            for attempt, shim in self.shims.items():
                if not self._is_running(attempt):
                    shim.end()

    def advance(self) -> None:
        while len(self.shims) < self._max_instances and not self.ending:
            with self._store.lock:
                found = self._lifecycle.next_instance({attempt.key for attempt in self.shims})
                if found is None:
                    return
                job, key = found
                attempt = Attempt(key, self._lifecycle.begin(job, key))
                try:
                    self.watch(attempt, Shim.launch(self._spec(job, attempt)))
                except OSError as error:
                    self._lifecycle.finish(key, failed("InternalError", str(error)))

    def ended(self, attempt: Attempt, shim: Shim, result: Result | None) -> None:
        if not self._is_running(attempt):
            self._remove_if_deleted(shim)
        elif result is None and self.ending:
            self._lifecycle.requeue(attempt.key)
        else:
            self._lifecycle.finish(attempt.key, result or _LOST)
            if result and not result["ErrorCode"]:
                self.remove(shim.directory.parent)
            self._remove_if_deleted(shim)
            self.end_obsolete()

    def _is_running(self, attempt: Attempt) -> bool:
        key = attempt.key
        row = self._store.row(
            "SELECT 1 FROM instances WHERE job = ? AND task = ? AND number = ? AND state = ? AND attempt = ?",
            key.job,
            key.position,
            key.number,
            RUNNING,
            attempt.number,
        )
        return row is not None

    def _spec(self, job: Job, attempt: Attempt) -> InstanceSpec:
        key = attempt.key
        task = job.tasks[key.task]
        return InstanceSpec(
            directory=str(self._attempt_directory(job, attempt)),
            data_dir=str(self._settings.data_dir),
            isolation=self._settings.isolation,
            search_path=self._settings.search_path,
            oss_host=self._settings.oss_host,
            job_id=job.id,
            task_name=key.task,
            instance_id=key.number,
            task=_with_mounts(task),
            stdout=stream_path(job, key.task, key.number, "stdout"),
            stderr=stream_path(job, key.task, key.number, "stderr"),
        )

    def _attempt_directory(self, job: Job, attempt: Attempt) -> Path:
        return self.job_directory(job.id) / attempt.key.task / str(attempt.key.number) / str(attempt.number)

    def job_directory(self, job_id: str) -> Path:
        """Return the directory of a job's attempts."""
        return self._settings.data_dir / "instances" / job_id

    def remove_job(self, job_id: str) -> None:
        """Remove the directory of a deleted job."""
        self.remove(self.job_directory(job_id))

    def _remove_if_deleted(self, shim: Shim) -> None:
        job_directory = shim.directory.parents[2]
        if self._jobs.get(job_directory.name) is None:
            self.remove(job_directory)

    def _recover(self) -> list[Path]:
        """Adopt live shims and record the results of others; return the directories to remove."""
        recorded: list[Path] = []
        running: set[Path] = set()
        for row in self._store.rows("SELECT * FROM instances WHERE state = ?", RUNNING):
            job = self._jobs.by_number(row["job"])
            assert job is not None
            key = InstanceKey(job.number, list(job.tasks)[row["task"]], row["task"], row["number"])
            attempt = Attempt(key, row["attempt"])
            directory = self._attempt_directory(job, attempt)
            running.add(directory)
            shim = Shim.adopt(directory)
            if shim is not None:
                self.watch(attempt, shim)
            elif self._recover_dead(attempt, directory):
                recorded.append(directory.parent)
        # Shims of jobs that were stopped or deleted just before the service was killed.
        for file in (self._settings.data_dir / "instances").glob("*/*/*/*/" + SPEC_FILE):
            if file.parent not in running:
                _end_at_once(file.parent)
        return recorded

    def _recover_dead(self, attempt: Attempt, directory: Path) -> bool:
        """Record the result of an attempt without a shim; return whether it succeeded."""
        if not self._is_running(attempt):
            # The failure of another instance has ended the job meanwhile.
            return False
        result = read_result(str(directory))
        if result is None:
            # The shim never started, or the machine went down: run the instance again.
            self._lifecycle.requeue(attempt.key)
            return False
        self._lifecycle.finish(attempt.key, result)
        return not result["ErrorCode"]

    def _sweep(self) -> None:
        """Remove the files that a killed service has left."""
        shutil.rmtree(self._settings.data_dir / "tmp", ignore_errors=True)
        (self._settings.data_dir / "tmp").mkdir()
        instances = self._settings.data_dir / "instances"
        instances.mkdir(exist_ok=True)
        for directory in instances.iterdir():
            if self._jobs.get(directory.name) is None:
                self.remove(directory)


def _end_at_once(directory: Path) -> None:
    shim = Shim.adopt(directory)
    if shim is not None:
        shim.end()
        if not select.select([shim.pidfd], [], [], SHUTDOWN_SECONDS)[0]:
            shim.end(signal.SIGKILL)
        shim.close()


def stream_path(job: Job, task: str, instance: int, stream: str) -> str:
    """Return the URL of the object for an instance's ``stdout`` or ``stderr``; empty when it is not redirected."""
    folder = job.tasks[task]["Parameters"][f"{stream.capitalize()}RedirectPath"]
    return f"{folder}{stream}.{job.id}.{task}.{instance}" if folder else ""


def _with_mounts(task: dict[str, Any]) -> dict[str, Any]:
    """Return a task whose Mounts have the entries that take effect, and no keys: ``spec.json`` should hold none."""
    return {**task, "Mounts": {"Entries": mount_entries(task)[1]}, "AutoCluster": {}}
