"""Explain how a job ended: its times or, without success, its message, failed instances and their last lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from airflow_provider_bcs.exceptions import (
    ApiError,
    FailedPart,
    JobFailedError,
    JobStoppedError,
    MachineLostError,
    ProgramFailedError,
    TimeLimitError,
)
from airflow_provider_bcs.waiting.timing import timing

from .facts import FAILED, FINISHED, LOST_CODES, NOT_RUN_CODES, STOPPED, TIMEOUT_CODES
from .instance_logs import InstanceLogs, indented

if TYPE_CHECKING:
    from .client import Client
    from .response import Instance, Job

#: Most failed instances in one explanation, and most whose exit codes are read.
MAX_INSTANCES = 5
MAX_EXIT_CODES = 1000


def explain_failure(client: Client, job_id: str, state: str, logs: InstanceLogs | None = None) -> JobFailedError:
    """Return the error with the job's message, its failed instances and their last lines; reads them from the service.

    :param state: the job's terminal state, which the error holds even when the service does not answer
    :param logs: reads the last lines of the instances; None to name the objects only
    """
    head, message, lines = f"Job {job_id} is {state}", "", []
    failed = _Failed(logs)
    try:
        job = client.get_job(job_id)
        head, message = f"Job {job_id} ({job.Name}) is {state}", job.Message
        if spent := times(job):
            lines.append(f"The job {spent}.")
        for task_name, instance in islice(_failed_instances(client, job), MAX_EXIT_CODES):
            if failed.add(task_name, instance):
                message = _beyond(message, task_name, instance)
        failed.count = job.InstanceMetrics.FailedCount
    except ApiError as error:
        failed.lines.append(f"(its failed instances are unreadable: {error})")
    return failed.error(job_id, state, [f"{head}: {message}" if message else head, *lines])


def explain_task_failure(
    client: Client, job_id: str, task_name: str, state: str, logs: InstanceLogs | None = None
) -> JobFailedError:
    """Return the error of one task that did not finish: its failed instances, or the state of its job."""
    lines = [f"Task {task_name} of job {job_id} is {state}"]
    failed = _Failed(logs)
    try:
        if state == FAILED:
            for instance in islice(client.list_instances(job_id, task_name, FAILED), MAX_EXIT_CODES):
                failed.add(task_name, instance)
        else:
            job = client.get_job(job_id)
            lines[0] += f": job {job_id} ({job.Name}) is {job.State}" + (f": {job.Message}" if job.Message else "")
            lines.append("Clear this task together with the failed one to continue the job.")
    except ApiError as error:
        failed.lines.append(f"(its failed instances are unreadable: {error})")
    return failed.error(job_id, state, lines)


def summary(client: Client, job_id: str, task_name: str | None = None) -> str:
    """Return that a job, or one of its tasks, has finished, and how long it waited and ran.

    :param task_name: name of the task; None for the whole job
    """
    name, spent = f"Task {task_name} of job {job_id}" if task_name else f"Job {job_id}", ""
    try:
        if task_name:
            task = client.get_task(job_id, task_name)
            # The service has no time from which on a task waits.
            spent = timing(None, task.StartTime, task.EndTime)
        else:
            job = client.get_job(job_id)
            name, spent = f"{name} ({job.Name})", times(job)
    except ApiError as error:
        return f"{name} is {FINISHED}. (Its times are unreadable: {error})"
    return f"{name} is {FINISHED}" + (f"; it {spent}." if spent else ".")


def times(job: Job) -> str:
    """Return how long a job waited and ran; empty before its end."""
    return timing(job.CreationTime, job.StartTime, job.EndTime)


def _failed_instances(client: Client, job: Job) -> Iterator[tuple[str, Instance]]:
    for task in client.list_tasks(job):
        if task.State == FAILED or task.InstanceMetrics.FailedCount:
            for instance in client.list_instances(job, task.TaskName, FAILED):
                yield task.TaskName, instance


def _beyond(message: str, task_name: str, instance: Instance) -> str:
    """Return a job's message without the part that repeats the result of an instance."""
    before, name, after = message.partition(f"Instance {instance.InstanceId} of task {task_name} ")
    why = instance.Result.ErrorMessage
    return before.rstrip() if name and why and after.endswith(why) else message


class _Failed:
    """Failed instances of one job or task, and the kind of the failure.

    :ivar lines: description of the first ones
    :ivar count: number of all that failed
    """

    def __init__(self, logs: InstanceLogs | None) -> None:
        self._logs = logs
        self._parts: list[FailedPart] = []
        self._kinds: set[type[JobFailedError]] = set()
        self.lines: list[str] = []
        self.count = 0

    def add(self, task_name: str, instance: Instance) -> bool:
        """Add an instance; return whether it is one of the described ones."""
        is_described = len(self._parts) < MAX_INSTANCES
        last: list[str] = []
        if is_described:
            if self._logs and instance.StderrRedirectPath:
                last = self._logs.last_error_lines(instance)
            self.lines.append(_told(task_name, instance, last))
        name, result = f"{task_name}/{instance.InstanceId}", instance.Result
        lines = tuple(last or result.Detail.splitlines())
        self._parts.append(FailedPart(name, result.ExitCode, instance.NodeIp, lines))
        self._kinds.add(_kind(instance))
        return is_described

    def error(self, job_id: str, state: str, head: list[str]) -> JobFailedError:
        """Return the error, below the lines that describe the whole."""
        more = max(self.count, len(self._parts)) - MAX_INSTANCES
        lines = [*head, *self.lines, *([f"({more} more instances failed)"] if more > 0 else [])]
        return self._class(state)(job_id, state, "\n".join(lines), self._parts)

    def _class(self, state: str) -> type[JobFailedError]:
        if state == STOPPED:
            return JobStoppedError
        # A fault of the program comes first: another try meets it again.
        for kind in (ProgramFailedError, JobFailedError, TimeLimitError, MachineLostError):
            if kind in self._kinds:
                return kind
        return JobFailedError


def _kind(instance: Instance) -> type[JobFailedError]:
    code = instance.Result.ErrorCode.lower()
    for parts, kind in (
        (LOST_CODES, MachineLostError),
        (TIMEOUT_CODES, TimeLimitError),
        (NOT_RUN_CODES, JobFailedError),
    ):
        if any(part in code for part in parts):
            return kind
    return ProgramFailedError if instance.Result.ExitCode else JobFailedError


def _told(task_name: str, instance: Instance, last: list[str]) -> str:
    result, *detail = str(instance.Result).splitlines() or [""]
    retries = f" after {instance.RetryCount} retries" if instance.RetryCount else ""
    text = "\n".join(
        [f"Instance {instance.InstanceId} of task {task_name} failed{retries}: {result}", *indented(detail)]
    )
    for stream, path in (("output", instance.StdoutRedirectPath), ("error", instance.StderrRedirectPath)):
        if path:
            text += f"\n(its standard {stream}: {path})"
    if instance.NodeIp:
        text += f"\n(its host: {instance.NodeIp})"
    # The service may have kept the same lines.
    if "\n".join(last) not in instance.Result.Detail:
        text = "\n".join([text, *indented(last)])
    return text
