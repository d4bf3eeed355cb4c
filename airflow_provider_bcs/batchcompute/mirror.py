"""Follow single tasks of one job: all followers share one GetJob and one ListTasks call each interval."""

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
    """State of a task and of its job, whose end may keep the task from ever finishing.

    :ivar stale_end: EndTime of the task before its job was started again; a failure with this EndTime is stale
    """

    job: Job
    task: Task
    stale_end: str | None = None

    @property
    def outcome(self) -> str | None:
        """Terminal state of the task, or ``Stopped`` when the job ended before the task; None before that."""
        if self.task.is_unsuccessful and not self.job.is_terminal and end_time(self.task) == self.stale_end:
            return None
        if self.task.is_terminal:
            return self.task.State
        return STOPPED if self.job.is_unsuccessful else None

    @property
    def is_terminal(self) -> bool:
        """True when the task cannot change its state by itself."""
        return self.outcome is not None

    @property
    def has_begun(self) -> bool:
        """False while the job waits; a task also waits for the tasks before it."""
        return self.job.has_begun

    @property
    def is_unsuccessful(self) -> bool:
        """True once the task has failed, or was stopped with its job."""
        return self.is_terminal and self.outcome != FINISHED

    @property
    def progress(self) -> str:
        """One line on the task's progress."""
        return self.task.progress


@dataclass(frozen=True)
class FollowedTarget:
    """Task of a job; one Airflow task follows each of them.

    :ivar stale_end: see :class:`FollowedTask`
    """

    job_id: str
    task_name: str
    stale_end: str | None = None

    def read(self, client: Client) -> FollowedTask:
        """Return the present state with one GetJob and one ListTasks call.

        :raises WaitAbortedError: when the job has no such task
        """
        job = client.get_job(self.job_id)
        # The order matters: tasks that are read after the end of their job are final.
        return self.find(job, *tasks_of(client, job))

    def find(self, job: Job, tasks: Mapping[str, Task], unreadable: Sequence[ServerError] = ()) -> FollowedTask:
        """Return the state of the task.

        :param job: the job, read before its tasks
        :param tasks: the readable tasks by name
        :param unreadable: the errors of unreadable tasks
        :raises WaitAbortedError: when the job has no such task
        :raises ServerError: when the task may be an unreadable one
        """
        task = tasks.get(self.task_name)
        if task is None and unreadable:
            raise unreadable[0]
        if task is None:
            raise WaitAbortedError(f"Job {self.job_id} has no task {self.task_name}.")
        return FollowedTask(job, task, self.stale_end)

    def fields(self) -> dict[str, Any]:
        """Return the target as plain values, so that Airflow can serialize a trigger."""
        return {"job_id": self.job_id, "task_name": self.task_name, "stale_end": self.stale_end}

    def __str__(self) -> str:
        return f"task {self.task_name} of job {self.job_id}"


def tasks_of(client: Client, job: Job) -> tuple[dict[str, Task], list[ServerError]]:
    """Return the tasks of a job by name, and the errors of unreadable ones."""
    unreadable: list[ServerError] = []
    tasks = {task.TaskName: task for task in client.list_tasks(job, unreadable=unreadable.append)}
    return tasks, unreadable


def end_time(task: Task) -> str:
    """Return the EndTime of a task as text; empty before its end."""
    return task.EndTime.isoformat() if task.EndTime else ""


def continue_job(client: Client, target: FollowedTarget) -> FollowedTarget:
    """Start the job again when it failed or was stopped before the task finished.

    The service runs only instances that had not finished.

    :return: the target to wait for, which ignores the failure of the previous attempt
    :raises ApiError: when the service refuses
    """
    found = target.read(client)
    if found.task.State == FINISHED:
        return target
    if found.job.is_unsuccessful:
        log.info("Job %s is %s; starting it again.", target.job_id, found.job.State)
        start_again(client, target.job_id)
    return FollowedTarget(target.job_id, target.task_name, end_time(found.task))
