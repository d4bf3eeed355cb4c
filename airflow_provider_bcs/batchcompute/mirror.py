"""Follow one task of a job that others follow too: what all of them need is asked once an interval."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.exceptions import ServerError, WaitAbortedError

from .facts import FINISHED, STOPPED
from .submission import start_again

if TYPE_CHECKING:
    from .client import Client
    from .response import Job, Task

log = logging.getLogger(__name__)


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

    def read(self, client: Client) -> FollowedTask:
        """Return what is known of it now: one GetJob, one ListTasks.

        :raises WaitAbortedError: when there is no such task
        """
        job = client.get_job(self.job_id)
        # In this order the tasks of a job that has ended are final.
        return self.find(job, *tasks_of(client, job))

    def find(self, job: Job, tasks: Mapping[str, Task], unreadable: Sequence[ServerError] = ()) -> FollowedTask:
        """Return what a job and its tasks, read after it, say of the task.

        :param unreadable: why others of its tasks could not be read
        :raises WaitAbortedError: when there is no such task
        :raises ServerError: when it may be one that could not be read
        """
        task = tasks.get(self.task_name)
        if task is None and unreadable:
            raise unreadable[0]
        if task is None:
            raise WaitAbortedError(f"Job {self.job_id} has no task {self.task_name}.")
        return FollowedTask(job, task, self.stale_end)

    def fields(self) -> dict[str, Any]:
        """Return it as plain values, to travel in a trigger."""
        return {"job_id": self.job_id, "task_name": self.task_name, "stale_end": self.stale_end}

    def __str__(self) -> str:
        return f"task {self.task_name} of job {self.job_id}"


def tasks_of(client: Client, job: Job) -> tuple[dict[str, Task], list[ServerError]]:
    """Return the tasks of a job by name, and why others of them could not be read."""
    unreadable: list[ServerError] = []
    tasks = {task.TaskName: task for task in client.list_tasks(job, unreadable=unreadable.append)}
    return tasks, unreadable


def end_time(task: Task) -> str:
    """Return when a task ended as text, "" when it has not."""
    return task.EndTime.isoformat() if task.EndTime else ""


def continue_job(client: Client, target: FollowedTarget) -> FollowedTarget:
    """Start the job again when it failed or was stopped before the task had finished.

    What had finished in the job is not run again.

    :return: the target to wait for now; the bad end that the task has had so far is none of it
    :raises ApiError: when the service refuses
    """
    found = target.read(client)
    if found.task.State == FINISHED:
        return target
    if found.job.is_unsuccessful:
        log.info("Job %s is %s; it is started again.", target.job_id, found.job.State)
        start_again(client, target.job_id)
    return FollowedTarget(target.job_id, target.task_name, end_time(found.task))
