"""Errors that end a task and that Airflow acts on: no retry, timed out, skipped.

Each one is of the tree in :mod:`airflow_provider_bcs.exceptions`, which offers it, and of Airflow's own class.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
)

from airflow_provider_bcs.batchcompute.facts import STOPPED
from airflow_provider_bcs.exceptions import (
    ApiError,
    BcsError,
    DescriptionError,
    InvalidJobError,
    JobFailedError,
    JobSyntaxError,
    PackageError,
    QueueTimeoutError,
)

__all__ = [
    "FailedPackageError",
    "InvalidRenderedJobError",
    "MissingOutputError",
    "RefusedJobError",
    "SkipOnExitCodeError",
    "SoftFailError",
    "TaskTimeoutError",
    "UnreadableRenderedJobError",
    "WaitTimeoutError",
]


class RefusedJobError(ApiError, AirflowFailException):
    """The service refuses the job or cluster, and would refuse it again: Airflow does not retry the task."""


class InvalidRenderedJobError(InvalidJobError, AirflowFailException):
    """The description breaks rules now that its templates are rendered: Airflow does not retry the task."""


class UnreadableRenderedJobError(JobSyntaxError, AirflowFailException):
    """The description is not JSON or YAML now that its templates are rendered: Airflow does not retry the task."""


class MissingOutputError(BcsError, AirflowFailException):
    """A job succeeded without one of its outputs, and ``require_outputs`` makes this a failure.

    Airflow does not retry the task: a retry finds the same job, which has ended.
    """


class FailedPackageError(PackageError, AirflowFailException):
    """The package of the task's programs cannot be made: Airflow does not retry the task."""


class TaskTimeoutError(BcsError, AirflowTaskTimeout):
    """The job, target or cluster did not end within the task's ``execution_timeout``."""


class WaitTimeoutError(BcsError, AirflowSensorTimeout):
    """The target did not end within the ``timeout`` of a sensor: Airflow does not retry the task."""


class SoftFailError(BcsError, AirflowSkipException):
    """The wait failed, and ``soft_fail`` makes Airflow mark the task as skipped."""


class SkipOnExitCodeError(BcsError, AirflowSkipException):
    """The program ended with an exit code in ``skip_on_exit_code``: Airflow marks the task as skipped."""


def skipped(error: JobFailedError, exit_codes: Collection[int]) -> BcsError:
    """Return the error that skips the task when all failed parts ended with one of the exit codes, else ``error``."""
    return SkipOnExitCodeError(str(error)) if error.is_exit(exit_codes) else error


def waited_too_long(job_id: str, queue_timeout: float | None) -> QueueTimeoutError:
    """Return the error for a job that was stopped because it had not begun to run in time."""
    reason = f"Job {job_id} had not begun to run within queue_timeout, {queue_timeout:g} s; it was stopped."
    return QueueTimeoutError(job_id, STOPPED, reason)


def final(error: DescriptionError) -> DescriptionError:
    """Return an error of a description as one that Airflow does not retry; an error of another kind as it is."""
    if isinstance(error, InvalidJobError):
        return InvalidRenderedJobError(error.violations, error.source, error.lines)
    if isinstance(error, JobSyntaxError):
        return UnreadableRenderedJobError(str(error), error.code, error.line)
    return error


def limit_passed(awaited: object, timeout: float, execution_timeout: timedelta | None) -> BcsError:
    """Return the error for the earlier of two limits of a wait.

    :param awaited: name of the target
    :param timeout: the limit that ends the task without a retry, in seconds
    :param execution_timeout: the limit after which Airflow retries the task
    """
    if execution_timeout is not None and execution_timeout.total_seconds() < timeout:
        return TaskTimeoutError(f"{awaited} did not end within execution_timeout, {execution_timeout}.")
    return WaitTimeoutError(f"{awaited} did not end within timeout, {timeout:.0f} s.")
