"""Follow one task of a job that others follow too: what all of them need is asked once an interval."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from threading import Lock
from typing import TYPE_CHECKING

from airflow_provider_bcs.openapi.errors import HopelessWaitError, OpenApiError
from airflow_provider_bcs.openapi.polling import Log, Poll

from .states import FINISHED, STOPPED
from .submission import start_again

if TYPE_CHECKING:
    from .client import Client
    from .response import Job, Task

log = logging.getLogger(__name__)

#: Seconds after which a follower looks again whether another one has its answer by now.
_SHORTEST_PAUSE = 0.25


@dataclass(frozen=True)
class Snapshot:
    """A job and its tasks; the tasks are the newer ones, so that those of a job that has ended are final."""

    job: Job
    tasks: Mapping[str, Task]

    @classmethod
    def take(cls, client: Client, job_id: str) -> Snapshot:
        """Ask the service: one GetJob, one ListTasks."""
        job = client.get_job(job_id)
        return cls(job, {task.TaskName: task for task in client.list_tasks(job_id)})


class Snapshots:
    """The newest snapshot of one job, shared by threads.

    :ivar taken: when it was answered, by ``time.monotonic()``
    """

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self._lock = Lock()
        self._newest: Snapshot | OpenApiError | None = None
        self.taken = -inf

    def read(self, client: Client, max_age: float, begin: float = -inf) -> Snapshot | None:
        """Return the newest one, or a new one when that is too old; None while another thread asks for it.

        :param max_age: in seconds
        :param begin: what was taken before is too old, too; by ``time.monotonic()``
        :raises OpenApiError: when the service gave none, the same one to all who share it
        """
        if self._is_old(max_age, begin):
            # A thread that waited here would be missing elsewhere.
            if not self._lock.acquire(blocking=False):
                return None
            try:
                if self._is_old(max_age, begin):
                    self._newest = self._take(client)
                    self.taken = time.monotonic()
            finally:
                self._lock.release()
        if isinstance(self._newest, OpenApiError):
            raise self._newest
        return self._newest

    def _is_old(self, max_age: float, begin: float) -> bool:
        return time.monotonic() - self.taken >= max_age or self.taken < begin

    def _take(self, client: Client) -> Snapshot | OpenApiError:
        try:
            return Snapshot.take(client, self._job_id)
        except OpenApiError as error:
            return error


@dataclass(frozen=True)
class FollowedTask:
    """What has become of a task, and of its job if that keeps the task from ever ending.

    :ivar stale_end: the task's EndTime before its job was started again, from when a bad end is old news
    """

    job: Job
    task: Task
    stale_end: str | None = None

    @property
    def outcome(self) -> str | None:
        """The state the task ended in; ``Stopped`` too when the job ended without it, None before that."""
        if self.task.is_unsuccessful and not self.job.is_terminal and end_time(self.task) == self.stale_end:
            return None
        if self.task.is_terminal:
            return self.task.State
        return STOPPED if self.job.is_unsuccessful else None

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more happens to the task by itself."""
        return self.outcome is not None

    @property
    def progress(self) -> str:
        """One line on how far it is."""
        return self.task.progress


@dataclass(frozen=True)
class FollowedTarget:
    """A task of a job that is followed by one Airflow task each.

    :ivar stale_end: see :class:`FollowedTask`
    """

    job_id: str
    task_name: str
    stale_end: str | None = None

    def poll(self, client: Client, log: Log) -> Poll[FollowedTask]:
        """Return what asks for its state again and again, for nobody else."""
        return self.shared_poll(client, log, Snapshots(self.job_id), 0)

    def shared_poll(self, client: Client, log: Log, snapshots: Snapshots, interval: float) -> Poll[FollowedTask]:
        """Return the same, asking together with all who have these snapshots.

        :param interval: the seconds from which a snapshot is too old
        """
        return _SharedPoll(self, client, log, snapshots, interval)

    def find(self, snapshot: Snapshot) -> FollowedTask:
        """Return what a snapshot says of the task.

        :raises HopelessWaitError: when there is no such task
        """
        task = snapshot.tasks.get(self.task_name)
        if task is None:
            raise HopelessWaitError(f"Job {self.job_id} has no task {self.task_name}.")
        return FollowedTask(snapshot.job, task, self.stale_end)

    def fields(self) -> dict[str, str | None]:
        """Return it as plain values, to travel in a trigger."""
        return {"job_id": self.job_id, "task_name": self.task_name, "stale_end": self.stale_end}

    def __str__(self) -> str:
        return f"task {self.task_name} of job {self.job_id}"


class _SharedPoll(Poll[FollowedTask]):
    def __init__(self, target: FollowedTarget, client: Client, log: Log, snapshots: Snapshots, interval: float) -> None:
        # Others may still hold a snapshot of the end that was before the job was started again.
        begin = -inf if target.stale_end is None else time.monotonic()

        def read() -> FollowedTask | None:
            snapshot = snapshots.read(client, interval, begin)
            return None if snapshot is None else target.find(snapshot)

        super().__init__(read, target, log)
        self._snapshots = snapshots

    def pause(self, interval: float) -> float:
        """Wake when the snapshot is due: then all wake together, and one of them asks."""
        age = time.monotonic() - self._snapshots.taken
        return max(interval - age, _SHORTEST_PAUSE)


def end_time(task: Task) -> str:
    """Return when a task ended as text, "" when it has not."""
    return task.EndTime.isoformat() if task.EndTime else ""


def continue_job(client: Client, target: FollowedTarget) -> FollowedTarget:
    """Start the job again when it failed or was stopped before the task had finished.

    What had finished in the job is not run again.

    :return: the target to wait for now; the bad end that the task has had so far is none of it
    :raises OpenApiError: when the service refuses
    """
    found = target.find(Snapshot.take(client, target.job_id))
    if found.task.State == FINISHED:
        return target
    if found.job.is_unsuccessful:
        log.info("Job %s is %s; it is started again.", target.job_id, found.job.State)
        start_again(client, target.job_id)
    return FollowedTarget(target.job_id, target.task_name, end_time(found.task))
