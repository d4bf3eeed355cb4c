"""The thread that runs instances: it starts shims, waits for their ends, and finds them again after a restart."""

from __future__ import annotations

import logging
import os
import select
import selectors
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_bcs.local.attempt import SPEC_FILE, Shim
from airflow_provider_bcs.local.shim.result import NO_RESULT, Result, read_result
from airflow_provider_bcs.local.shim.spec import Spec

from .jobs import Job, Jobs
from .lifecycle import InstanceKey, Lifecycle

log = logging.getLogger(__name__)

_SHUTDOWN_SECONDS = 5.0
_LOST: Result = {
    **NO_RESULT,
    "ExitCode": 128 + 9,
    "ErrorCode": "InstanceLost",
    "ErrorMessage": "The process that ran the instance disappeared.",
}
_NOT_STARTED: Result = {**NO_RESULT, "ExitCode": 1, "ErrorCode": "InternalError"}


@dataclass(frozen=True)
class Settings:
    """How instances are run.

    :ivar isolation: ``namespace`` or ``rewrite``
    :ivar max_instances: how many run at the same time
    :ivar search_path: directory in which commands are looked up first
    """

    data_dir: Path
    isolation: str
    max_instances: int
    search_path: str


class Engine:
    """Runs the instances of all active jobs, at most ``max_instances`` at a time.

    Handlers change the store and then call :meth:`wake`; only this thread starts processes.
    """

    def __init__(self, jobs: Jobs, lifecycle: Lifecycle, settings: Settings) -> None:
        self._jobs = jobs
        self._lifecycle = lifecycle
        self._settings = settings
        self._store = jobs.store
        self._shims: dict[InstanceKey, tuple[Shim, int]] = {}
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._ending = False
        self._janitor = ThreadPoolExecutor(1, thread_name_prefix="janitor")
        self._thread = threading.Thread(target=self._run, name="engine")

    def start(self) -> None:
        """Take up what an earlier service left, then run."""
        with self._store.transaction():
            recorded = self._recover()
        if self._shims:
            log.info("%d instances of an earlier service still run; they are taken over.", len(self._shims))
        # Only now: until the transaction is through, a result in its directory is all there is of it.
        for directory in recorded:
            self._remove(directory)
        self.end_obsolete()
        self._sweep()
        self._thread.start()

    def wake(self) -> None:
        """Make the engine look at the store again; callable from any thread."""
        try:
            os.write(self._waker, b"\0")
        except BlockingIOError:
            return

    def close(self) -> None:
        """End all running instances; they stay recorded as to be run."""
        self._ending = True
        self.wake()
        self._thread.join()
        self._janitor.shutdown(cancel_futures=True)

    def end_obsolete(self) -> None:
        """End the processes of instances that are no longer Running; they are on their way out on return."""
        with self._store.lock:
            for key, (shim, attempt) in self._shims.items():
                if not self._is_running(key, attempt):
                    shim.end()

    def _run(self) -> None:
        while not self._ending:
            self._start_instances()
            self._await_ends(None)
        self._shut_down()

    def _await_ends(self, timeout: float | None) -> None:
        for event, _ in self._selector.select(timeout):
            if event.fd == self._woken:
                os.read(self._woken, 65536)
            else:
                self._ended(event.data)

    def _start_instances(self) -> None:
        while len(self._shims) < self._settings.max_instances and not self._ending:
            with self._store.lock:
                found = self._lifecycle.next_instance(set(self._shims))
                if found is None:
                    return
                job, key = found
                attempt = self._lifecycle.begin(job, key)
                try:
                    self._watch(key, Shim.launch(self._spec(job, key, attempt)), attempt)
                except OSError as error:
                    self._lifecycle.finish(key, {**_NOT_STARTED, "ErrorMessage": str(error)})

    def _watch(self, key: InstanceKey, shim: Shim, attempt: int) -> None:
        self._shims[key] = shim, attempt
        self._selector.register(shim.pidfd, selectors.EVENT_READ, key)

    def _ended(self, key: InstanceKey) -> None:
        with self._store.lock:
            shim, attempt = self._shims.pop(key)
            self._selector.unregister(shim.pidfd)
            result = shim.close()
            if not self._is_running(key, attempt):
                self._remove_if_deleted(shim)
            elif result is None and self._ending:
                self._lifecycle.requeue(key)
            else:
                self._lifecycle.finish(key, result or _LOST)
                if result and not result["ErrorCode"]:
                    self._remove(shim.directory.parent)
                self._remove_if_deleted(shim)
                self.end_obsolete()

    def _is_running(self, key: InstanceKey, attempt: int) -> bool:
        row = self._store.row(
            "SELECT 1 FROM instances WHERE job = ? AND task = ? AND number = ? AND state = 'Running' AND attempt = ?",
            key.job,
            key.position,
            key.number,
            attempt,
        )
        return row is not None

    def _spec(self, job: Job, key: InstanceKey, attempt: int) -> Spec:
        task = job.tasks[key.task]
        return Spec(
            directory=str(self._attempt_directory(job, key, attempt)),
            data_dir=str(self._settings.data_dir),
            isolation=self._settings.isolation,
            search_path=self._settings.search_path,
            job_id=job.id,
            task_name=key.task,
            instance_id=key.number,
            task=task,
            stdout=stream_path(job, key.task, key.number, "stdout"),
            stderr=stream_path(job, key.task, key.number, "stderr"),
        )

    def _attempt_directory(self, job: Job, key: InstanceKey, attempt: int) -> Path:
        return self.job_directory(job.id) / key.task / str(key.number) / str(attempt)

    def job_directory(self, job_id: str) -> Path:
        """Return the directory that holds everything of a job but its objects."""
        return self._settings.data_dir / "instances" / job_id

    def forget(self, job_id: str) -> None:
        """Remove the files of a deleted job, as soon as its processes are gone."""
        self._remove(self.job_directory(job_id))

    def _remove(self, directory: Path) -> None:
        if not self._ending:
            self._janitor.submit(shutil.rmtree, directory, ignore_errors=True)

    def _remove_if_deleted(self, shim: Shim) -> None:
        job_directory = shim.directory.parents[2]
        if self._jobs.get(job_directory.name) is None:
            self._remove(job_directory)

    def _recover(self) -> list[Path]:
        """Adopt what runs, record what ended; return the directories that are no longer needed."""
        recorded: list[Path] = []
        running: set[Path] = set()
        for row in self._store.rows("SELECT * FROM instances WHERE state = 'Running'"):
            job = self._jobs.by_number(row["job"])
            assert job is not None
            key = InstanceKey(job.number, list(job.tasks)[row["task"]], row["task"], row["number"])
            directory = self._attempt_directory(job, key, row["attempt"])
            running.add(directory)
            shim = Shim.adopt(directory)
            if shim is not None:
                self._watch(key, shim, row["attempt"])
            elif self._recover_dead(key, row["attempt"], directory):
                recorded.append(directory.parent)
        # Stopped or deleted just before the service was killed.
        for file in (self._settings.data_dir / "instances").glob("*/*/*/*/" + SPEC_FILE):
            if file.parent not in running:
                _end_at_once(file.parent)
        return recorded

    def _recover_dead(self, key: InstanceKey, attempt: int, directory: Path) -> bool:
        """Record how an attempt without a process ended; return whether it succeeded."""
        if not self._is_running(key, attempt):
            # Its job has ended meanwhile, by the failure of another instance.
            return False
        result = read_result(str(directory))
        if result is None:
            # Never started, or lost together with the machine: neither is the job's fault.
            self._lifecycle.requeue(key)
            return False
        self._lifecycle.finish(key, result)
        return not result["ErrorCode"]

    def _sweep(self) -> None:
        """Remove what a killed service could not."""
        shutil.rmtree(self._settings.data_dir / "tmp", ignore_errors=True)
        (self._settings.data_dir / "tmp").mkdir()
        instances = self._settings.data_dir / "instances"
        instances.mkdir(exist_ok=True)
        for directory in instances.iterdir():
            if self._jobs.get(directory.name) is None:
                self._remove(directory)

    def _shut_down(self) -> None:
        with self._store.lock:
            for shim, _ in self._shims.values():
                shim.end()
        deadline = time.monotonic() + _SHUTDOWN_SECONDS
        while self._shims:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                for shim, _ in self._shims.values():
                    shim.end(signal.SIGKILL)
                remaining = 1.0
            self._await_ends(remaining)


def _end_at_once(directory: Path) -> None:
    shim = Shim.adopt(directory)
    if shim is not None:
        shim.end()
        if not select.select([shim.pidfd], [], [], _SHUTDOWN_SECONDS)[0]:
            shim.end(signal.SIGKILL)
        shim.close()


def stream_path(job: Job, task: str, instance: int, stream: str) -> str:
    """Return the object path of ``stdout`` or ``stderr`` of an instance, empty when it is not redirected."""
    folder = job.tasks[task]["Parameters"][f"{stream.capitalize()}RedirectPath"]
    return f"{folder}{stream}.{job.id}.{task}.{instance}" if folder else ""
