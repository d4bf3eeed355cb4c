"""Explain how a job ended: its times or, without success, its message, failed instances and their last lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from airflow_provider_bcs.exceptions import ApiError, JobFailedError
from airflow_provider_bcs.waiting.timing import timing

from .facts import FAILED, FINISHED
from .instance_logs import InstanceLogs, indented

if TYPE_CHECKING:
    from .client import Client
    from .response import Instance, Job

#: Most failed instances in one explanation.
MAX_INSTANCES = 5


def explain_failure(client: Client, job_id: str, state: str, logs: InstanceLogs | None = None) -> JobFailedError:
    """Return the error with the job's message, its failed instances and their last lines; reads them from the service.

    :param state: the job's terminal state, which the error holds even when the service does not answer
    :param logs: reads the last lines of the instances; None to name the objects only
    """
    head, message, lines = f"Job {job_id} is {state}", "", []
    exit_codes: dict[str, int] = {}
    try:
        job = client.get_job(job_id)
        head, message = f"Job {job_id} ({job.Name}) is {state}", job.Message
        if spent := times(job):
            lines.append(f"The job {spent}.")
        for task_name, instance in islice(_failed_instances(client, job), MAX_INSTANCES):
            message = _beyond(message, task_name, instance)
            lines.append(_told(task_name, instance, logs))
            exit_codes[f"{task_name}/{instance.InstanceId}"] = instance.Result.ExitCode
        if (failed := job.InstanceMetrics.FailedCount) > MAX_INSTANCES:
            lines.append(f"({failed - MAX_INSTANCES} more instances failed)")
    except ApiError as error:
        lines.append(f"(its failed instances are unreadable: {error})")
    reason = "\n".join([f"{head}: {message}" if message else head, *lines])
    return JobFailedError(job_id, state, reason, exit_codes)


def explain_task_failure(
    client: Client, job_id: str, task_name: str, state: str, logs: InstanceLogs | None = None
) -> JobFailedError:
    """Return the error of one task that did not finish: its failed instances, or the state of its job."""
    lines = [f"Task {task_name} of job {job_id} is {state}"]
    exit_codes: dict[str, int] = {}
    try:
        if state == FAILED:
            for instance in islice(client.list_instances(job_id, task_name, FAILED), MAX_INSTANCES):
                lines.append(_told(task_name, instance, logs))
                exit_codes[f"{task_name}/{instance.InstanceId}"] = instance.Result.ExitCode
        else:
            job = client.get_job(job_id)
            lines[0] += f": job {job_id} ({job.Name}) is {job.State}" + (f": {job.Message}" if job.Message else "")
            lines.append("Clear this task together with the failed one to continue the job.")
    except ApiError as error:
        lines.append(f"(its failed instances are unreadable: {error})")
    return JobFailedError(job_id, state, "\n".join(lines), exit_codes)


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


def _told(task_name: str, instance: Instance, logs: InstanceLogs | None) -> str:
    result, *detail = str(instance.Result).splitlines() or [""]
    retries = f" after {instance.RetryCount} retries" if instance.RetryCount else ""
    text = "\n".join(
        [f"Instance {instance.InstanceId} of task {task_name} failed{retries}: {result}", *indented(detail)]
    )
    for stream, path in (("output", instance.StdoutRedirectPath), ("error", instance.StderrRedirectPath)):
        if path:
            text += f"\n(its standard {stream}: {path})"
    last = logs.last_error_lines(instance) if logs and instance.StderrRedirectPath else []
    # The service may have kept the same lines.
    if "\n".join(last) not in instance.Result.Detail:
        text = "\n".join([text, *indented(last)])
    return text
