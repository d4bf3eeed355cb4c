"""Errors of this package, in one tree.

::

    BcsError
    |-- ApiError                        a call of a service did not succeed
    |   |-- MissingCredentialsError     no keys to sign the request with
    |   |-- CertificateError            the TLS certificate was not accepted
    |   |-- NoAnswerError               no answer arrived
    |   |-- MissingConnectionError      the Airflow connection does not exist
    |   |-- RefusedJobError (AirflowFailException)  the service refuses the job or cluster: no retry
    |   |-- WaitAbortedError            the awaited job, task, instance or pod does not exist any more
    |   |   |-- UnreachableError        the wait was given up: no answers, throttling, or a failing service
    |   |-- ServiceError                the service answered with an error: status, code, message, request id
    |   |   |-- InvalidRequestError     the request is wrong
    |   |   |-- AccessDeniedError       a permission is missing
    |   |   |   |-- RefusedKeysError    the keys or their signature are refused
    |   |   |   |   |-- ClockSkewError  this machine's clock is wrong
    |   |   |-- NotFoundError           the resource does not exist
    |   |   |-- StateConflictError      the resource's state does not allow the operation
    |   |   |-- QuotaExhaustedError     a limit of the account is reached
    |   |   |-- TokenMismatchError      the idempotency token belongs to another request
    |   |   |-- ThrottledError          too many requests
    |   |   |-- ServerError             the service failed
    |-- JobFailedError                  a job did not succeed: job id, state, reason, failed instances or pods
    |   |-- ProgramFailedError          a program ended with an exit code
    |   |-- JobStoppedError             the job or task was stopped from outside
    |   |-- MachineLostError            a machine or pod was lost or preempted
    |   |-- TimeLimitError              a time limit of the service has passed
    |   |-- QueueTimeoutError           the job had not begun to run within queue_timeout and was stopped
    |-- ClusterFailedError              a cluster will not get its machines
    |-- TooManySubmissionsError         one owner submitted the same job again and again
    |-- MissingIdError (ValueError)     the id of a job or cluster is empty: a template found nothing in XCom
    |-- DescriptionError (ValueError)   a description is wrong
    |   |-- JobSourceError              it cannot be read
    |   |   |-- JobSyntaxError          its text is not JSON or YAML
    |   |-- InvalidJobError             it breaks rules: a list of violations
    |-- ConnectionSettingsError (ValueError)  a field of the Airflow connection is wrong
    |-- PackageError (ValueError)       a package of programs cannot be made
    |-- UnknownArgumentError (ValueError)   no operator of a translated graph has the argument
    |-- errors that Airflow acts on, of module ``task_errors``; each is Airflow's own class, too
        |-- InvalidRenderedJobError (InvalidJobError, AirflowFailException)  the rendered job breaks rules: no retry
        |-- UnreadableRenderedJobError (JobSyntaxError, AirflowFailException)  it is not JSON or YAML: no retry
        |-- MissingOutputError (AirflowFailException)         an output of a job was not written: no retry
        |-- FailedPackageError (PackageError, AirflowFailException)          its package cannot be made: no retry
        |-- TaskTimeoutError (AirflowTaskTimeout)             the operator's execution_timeout has passed
        |-- WaitTimeoutError (AirflowSensorTimeout)           the sensor's timeout has passed
        |-- SoftFailError (AirflowSkipException)              the task ends as skipped, because of soft_fail
        |-- SkipOnExitCodeError (AirflowSkipException)        the same, because of skip_on_exit_code

The module imports neither Airflow nor an HTTP library: the classes of Airflow are imported when they are first used.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_bcs.lazy import lazy_names

if TYPE_CHECKING:
    from airflow_provider_bcs.description.violation import Violation

__all__ = [
    "AccessDeniedError",
    "ApiError",
    "BcsError",
    "CertificateError",
    "ClockSkewError",
    "ClusterFailedError",
    "ConnectionSettingsError",
    "DescriptionError",
    "InvalidJobError",
    "InvalidRequestError",
    "JobFailedError",
    "JobSourceError",
    "JobStoppedError",
    "JobSyntaxError",
    "MachineLostError",
    "MissingConnectionError",
    "MissingCredentialsError",
    "MissingIdError",
    "NoAnswerError",
    "NotFoundError",
    "PackageError",
    "ProgramFailedError",
    "QueueTimeoutError",
    "QuotaExhaustedError",
    "RefusedKeysError",
    "ServerError",
    "ServiceError",
    "StateConflictError",
    "ThrottledError",
    "TimeLimitError",
    "TokenMismatchError",
    "TooManySubmissionsError",
    "UnknownArgumentError",
    "UnreachableError",
    "WaitAbortedError",
]


class BcsError(Exception):
    """Base of all errors of this package."""


# Calls of a service


class ApiError(BcsError):
    """Base of all errors of a call to a service."""


class MissingCredentialsError(ApiError):
    """No keys were given, and the default credential chain found none or could not renew them."""


class CertificateError(ApiError):
    """The TLS certificate was not accepted, so nothing was sent."""


class NoAnswerError(ApiError):
    """No answer arrived: no connection, a timeout, a connection that ended early, or an unreadable Airflow connection.

    :ivar never_sent: whether the request certainly did not reach the service
    """

    def __init__(self, text: str, *, never_sent: bool = False) -> None:
        super().__init__(text)
        self.never_sent = never_sent


class MissingConnectionError(ApiError):
    """The Airflow connection with endpoint and keys does not exist, as far as Airflow can tell now."""


class WaitAbortedError(ApiError):
    """The awaited state cannot be reached: the job, task, instance or pod does not exist any more."""


class UnreachableError(WaitAbortedError):
    """The wait was given up because polls failed: no answers, throttling, or a failing service. The job may run on."""


class ServiceError(ApiError):
    """The service answered with an error.

    :ivar status: HTTP status
    :ivar code: the service's error code
    :ivar message: the service's text
    :ivar request_id: id of the request, which the vendor's support asks for; may be empty
    :ivar retry_after: seconds the service asks to wait, or None
    :ivar attempts: number of times the request was sent before this answer counted as final
    """

    attempts = 1

    def __init__(
        self, status: int, code: str, message: str, request_id: str = "", retry_after: float | None = None
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.retry_after = retry_after
        super().__init__(status, code, message, request_id, retry_after)

    def __str__(self) -> str:
        request = f", request {self.request_id}" if self.request_id else ""
        return f"{self.code}: {self.message} (HTTP {self.status}{request})"


class InvalidRequestError(ServiceError):
    """The request is wrong and stays wrong: codes Invalid..., Missing..., BadDAG and the like."""


class AccessDeniedError(ServiceError):
    """The user lacks a permission, or the keys are refused (:class:`RefusedKeysError`)."""


class RefusedKeysError(AccessDeniedError):
    """The keys are unknown or expired, or the signature does not match."""


class ClockSkewError(RefusedKeysError):
    """This machine's clock differs from the service's by more than the service allows."""


class NotFoundError(ServiceError):
    """The resource does not exist, or not any more."""


class StateConflictError(ServiceError):
    """The operation is not allowed in the resource's current state."""


class QuotaExhaustedError(ServiceError):
    """A limit of the account is reached."""


class TokenMismatchError(ServiceError):
    """The idempotency token was used before, with other content."""


class ThrottledError(ServiceError):
    """The service has too many requests and did not carry out this one."""


class ServerError(ServiceError):
    """The service failed; the request may or may not have been carried out."""


# Results of jobs and clusters


class FailedPart(NamedTuple):
    """Failed instance or pod of a job.

    :ivar name: ``task/instance`` of BatchCompute, ``PodId`` of PAI-DLC
    :ivar exit_code: exit code of its program; None when the service names none
    :ivar host: address or name of its machine; may be empty
    :ivar last_lines: last lines of its standard error, on PAI-DLC of its log; read for the first five parts only
    """

    name: str
    exit_code: int | None = None
    host: str = ""
    last_lines: tuple[str, ...] = ()


class JobFailedError(BcsError):
    """A job, or a part of it, ended without success.

    :ivar job_id: id of the job
    :ivar state: the service's terminal state, e.g. ``Failed``
    :ivar reason: the service's reason, failed instances or pods and their last lines; may have many lines
    :ivar parts: the failed instances or pods
    """

    def __init__(self, job_id: str, state: str, reason: str = "", parts: Iterable[FailedPart] = ()) -> None:
        self.job_id = job_id
        self.state = state
        self.reason = reason or f"Job {job_id} is {state}"
        self.parts = tuple(parts)
        super().__init__(job_id, state, self.reason, self.parts)

    @property
    def exit_codes(self) -> dict[str, int]:
        """Exit code of each failed instance or pod, by its name."""
        return {part.name: part.exit_code for part in self.parts if part.exit_code is not None}

    def is_exit(self, exit_codes: Collection[int]) -> bool:
        """Return whether the programs of all failed parts ended, each with one of these exit codes."""
        return False

    def __str__(self) -> str:
        return self.reason


class ProgramFailedError(JobFailedError):
    """A program of the job ended with an exit code; see ``exit_codes``."""

    def is_exit(self, exit_codes: Collection[int]) -> bool:
        return bool(self.parts) and all(part.exit_code in exit_codes for part in self.parts)


class JobStoppedError(JobFailedError):
    """The job or task was stopped from outside."""


class MachineLostError(JobFailedError):
    """The service lost or took back a machine or pod of the job. The program is not at fault."""


class TimeLimitError(JobFailedError):
    """The job exceeded a time limit of the service: ``Timeout`` of a task, or ``JobMaxRunningTimeMinutes``."""


class QueueTimeoutError(JobFailedError):
    """The job had not begun to run within ``queue_timeout``, and was stopped."""


class ClusterFailedError(BcsError):
    """A cluster does not get its machines.

    :ivar cluster_id: id of the cluster
    :ivar state: the state in which the wait ended
    """

    def __init__(self, cluster_id: str, state: str) -> None:
        self.cluster_id = cluster_id
        self.state = state
        super().__init__(cluster_id, state)

    def __str__(self) -> str:
        return f"Cluster {self.cluster_id} is {self.state}; it will not get its machines."


class TooManySubmissionsError(BcsError):
    """One owner submitted the same job again and again, which points to a fault."""


class MissingIdError(BcsError, ValueError):
    """The id of a job or cluster is empty, for instance because a template found nothing in XCom."""


# Descriptions, connections, packages


class DescriptionError(BcsError, ValueError):
    """Base of the errors of a description of a job, cluster, app or image.

    :ivar source: name of what was read, for instance a file name; may be empty
    """

    source = ""


class JobSourceError(DescriptionError):
    """The description cannot be read; the text names what was found and where."""


class JobSyntaxError(JobSourceError):
    """The text is not a description in JSON or YAML.

    :ivar code: the service's error code for such a request body
    :ivar line: line of the error, from 1; None when it is not known
    """

    def __init__(self, text: str, code: str = "InvalidJsonFormat", line: int | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.line = line


class InvalidJobError(DescriptionError):
    """The description breaks at least one rule.

    :ivar violations: all violations, never empty
    :ivar source: name of what was read, for instance a file name; may be empty
    :ivar lines: line of each violation in the file ``source``, None for an unknown line; empty when it is no file
    """

    def __init__(self, violations: Iterable[Violation], source: str = "", lines: Iterable[int | None] = ()) -> None:
        self.violations = list(violations)
        self.source = source
        self.lines = list(lines)
        super().__init__(self.violations, source, self.lines)

    def __str__(self) -> str:
        if self.lines:
            places = (self.source if line is None else f"{self.source}:{line}" for line in self.lines)
            return "\n".join(f"{place}: {found}" for place, found in zip(places, self.violations, strict=True))
        count = len(self.violations)
        head = f"{self.source or 'The job description'} has {count} error{'s' if count != 1 else ''}"
        return "\n  ".join([head + ":", *map(str, self.violations)])


class ConnectionSettingsError(BcsError, ValueError):
    """A field of the Airflow connection is missing or wrong; the text names the field."""


class PackageError(BcsError, ValueError):
    """The package of a task's programs cannot be made; the text names the path and the reason."""


class UnknownArgumentError(BcsError, ValueError):
    """``operator_args`` or ``task_args`` of a translated graph hold an argument or a task that no operator has."""


# Errors that Airflow acts on. They are not in __all__, so that "import *" works without Airflow.

_, __getattr__ = lazy_names(
    __name__,
    {
        "airflow_provider_bcs.task_errors": "FailedPackageError InvalidRenderedJobError MissingOutputError"
        " RefusedJobError SkipOnExitCodeError SoftFailError TaskTimeoutError"
        " UnreadableRenderedJobError WaitTimeoutError",
    },
)
