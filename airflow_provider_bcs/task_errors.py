"""Errors that end a task and that Airflow acts on: no retry, timed out, skipped.

Each one is of the tree in :mod:`airflow_provider_bcs.exceptions`, which offers it, and of Airflow's own class.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
)

from airflow_provider_bcs.exceptions import BcsError, InvalidJobError, PackageError

__all__ = [
    "FailedPackageError",
    "InvalidRenderedJobError",
    "RefusedJobError",
    "SoftFailError",
    "TaskTimeoutError",
    "WaitTimeoutError",
]


class RefusedJobError(BcsError, AirflowFailException):
    """The service refuses the job or cluster, and would refuse it again: Airflow does not retry the task."""


class InvalidRenderedJobError(InvalidJobError, AirflowFailException):
    """The description breaks rules now that its templates are rendered: Airflow does not retry the task."""


class FailedPackageError(PackageError, AirflowFailException):
    """The package of the task's programs cannot be made: Airflow does not retry the task."""


class TaskTimeoutError(BcsError, AirflowTaskTimeout):
    """The job or cluster did not end within the task's ``execution_timeout``."""


class WaitTimeoutError(BcsError, AirflowSensorTimeout):
    """The target did not end within the ``timeout`` of a sensor: Airflow does not retry the task."""


class SoftFailError(BcsError, AirflowSkipException):
    """The wait failed, and ``soft_fail`` makes Airflow mark the task as skipped."""
