"""Protocol of a service port: all that an operator, a sensor and a trigger need of one service, without Airflow."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from .origin import UNKNOWN, Origin

if TYPE_CHECKING:
    from airflow_provider_bcs.description.model import Description
    from airflow_provider_bcs.description.source import CheckedJob, JobSource
    from airflow_provider_bcs.exceptions import JobFailedError

    from .line_level import LeveledLine
    from .polling import Log, Poll, Status

__all__ = ["ServicePort", "Target"]


class Target(Hashable, Protocol):
    """Something whose end can be awaited: a job, a part of a job, a cluster."""

    def fields(self) -> dict[str, Any]:
        """Return the target as plain values, so that a trigger can be serialized."""


T = TypeVar("T", bound=Target)


class ServicePort(Protocol[T]):
    """One service, bound to one client. All methods that call the service raise ``ApiError``.

    :ivar name_field: field of the job description that holds the job's name
    :ivar compares_descriptions: whether the service refuses a repeated submission whose description differs from that
        of the first one, so that it needs the variables of earlier attempts
    """

    name_field: ClassVar[str]
    compares_descriptions: ClassVar[bool]

    def __init__(self, client: Any, /) -> None: ...

    @staticmethod
    def check_job(
        job: JobSource, *, templates: bool = True, source: str = "", ignore: Collection[str] = ()
    ) -> CheckedJob:
        """Read, convert and check a job description; needs no client.

        :param templates: whether values with a Jinja template are left unchecked
        :param source: the name of the description in an error
        :param ignore: fields whose violations and warnings are passed over
        :raises InvalidJobError: when the description breaks a rule
        :raises JobSourceError: when it is unreadable
        """

    @staticmethod
    def near_field(name: str) -> str | None:
        """Return None for a field of a job, for any other name the end of a sentence with the nearest field."""

    def prepare(self, job: CheckedJob, log: Log) -> CheckedJob:
        """Return the job with the values that only the port knows, such as those of the connection."""

    @staticmethod
    def typed(job: dict[str, Any]) -> tuple[dict[str, Any], type[Description]]:
        """Return a job description in the form of its model, and the model; needs no client."""

    @staticmethod
    def page(job: Mapping[str, Any]) -> str:
        """Return Markdown that says what a job does, without its secrets; values may hold templates."""

    def submit(self, job: CheckedJob, owner: Mapping[str, Any], *, resume: bool, origin: Origin = UNKNOWN) -> str:
        """Submit a job for ``owner``, or find the job that was submitted before; return the job id.

        :param resume: whether this is a further attempt, which continues or replaces a job that failed
        :param origin: what the submission adds to the job
        """

    def find(self, job: CheckedJob, owner: Mapping[str, Any], origin: Origin = UNKNOWN) -> str | None:
        """Return the id of the job whose submission was interrupted, None when there is none."""

    def target(self, job_id: str) -> T:
        """Return the target that stands for a job."""

    def poll(self, target: T, log: Log) -> Poll[Status]:
        """Return a function that reads the state of one target and logs its progress."""

    def read_all(self, targets: Iterable[T]) -> Iterator[tuple[Hashable, Status | Exception]]:
        """Yield the state of each of many targets, or its error, in as few calls as possible."""

    def stop(self, job_id: str, log: Log, *, raise_transient: bool = False) -> None:
        """Stop a job. A job that has ended, or that does not exist, is logged and is no error.

        :param raise_transient: raise transient errors instead of logging them, so that the caller can retry
        """

    def created(self, job_id: str) -> datetime | None:
        """Return the time at which a job was created, by the service's clock; None when the service does not say."""

    def explain(self, job_id: str, state: str) -> JobFailedError | None:
        """Return the reason why a job ended in ``state``, None when that is a success."""

    def summary(self, job_id: str) -> str:
        """Return that a job has succeeded, and how long it waited and ran; an ``ApiError`` is part of the text."""

    @staticmethod
    def output_lines(job: Mapping[str, Any]) -> list[str]:
        """Return lines that say where the output of a valid job is; needs no client."""

    def read_logs(self, job_id: str) -> Iterator[LeveledLine]:
        """Yield the log lines of a job that has ended, except those that :meth:`poll` has logged."""

    def page_url(self, job_id: str, part: str = "", job: Mapping[str, Any] | None = None) -> str:
        """Return the URL of the page that shows a job to people; empty when no page is known.

        :param part: task, or pod, that the link leads to if the page has a place for it
        :param job: description of the job, if the caller has it
        """

    def delete(self, job_id: str) -> None:
        """Delete a job that has ended."""

    def check(self) -> None:
        """Send the cheapest request that needs valid keys."""

    def close(self) -> None:
        """Close the client's connections."""
