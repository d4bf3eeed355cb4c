"""What the instances of a job wrote to standard output and error, as far as it is worth reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from airflow_provider_bcs.exceptions import ApiError, NotFoundError

from .facts import FAILED

if TYPE_CHECKING:
    from airflow_provider_bcs.oss.excerpt import Excerpt

    from .client import Client
    from .response import Instance

#: Whose logs are read: of failed instances, of all, of none, or of so many others besides the failed ones.
Selection: TypeAlias = Literal["failed", "all", "none"] | int

#: The most failed instances of a job whose logs are read, unless all are asked for.
MAX_FAILED = 20
#: How many last lines of standard error stand in an error.
ERROR_LINES = 10


class Texts(Protocol):
    """Where logs are read from; ``airflow_provider_bcs.oss.ObjectStore`` is one."""

    def head_and_tail(self, uri: str, first_lines: int, last_lines: int) -> Excerpt: ...


@dataclass(frozen=True)
class InstanceLogs:
    """Reads logs. That one cannot be read is a line of it, and never an error.

    :ivar texts: gives where logs are read from, or raises what is a line then
    :ivar selection: whose logs
    :ivar lines: how many lines of the beginning of each log, and how many of its end
    """

    client: Client
    texts: Callable[[], Texts]
    selection: Selection = "failed"
    lines: int = 50

    def read(self, job_id: str, task_name: str | None = None) -> Iterator[str]:
        """Yield the lines of the logs of a job, or of one of its tasks; above each log what it is."""
        try:
            for name, instance in self._selected(job_id, task_name):
                for stream, uri in (("stdout", instance.StdoutRedirectPath), ("stderr", instance.StderrRedirectPath)):
                    if uri:
                        yield f"{stream} of instance {instance.InstanceId} of task {name}, {instance.State}: {uri}"
                        yield from indented(self._excerpt(uri, self.lines, self.lines))
        except ApiError as error:
            yield f"(the instances of job {job_id} could not be listed: {error})"

    def last_error_lines(self, instance: Instance) -> list[str]:
        """Return the end of what an instance wrote to standard error."""
        if self.selection == "none" or not instance.StderrRedirectPath:
            return []
        return self._excerpt(instance.StderrRedirectPath, 0, min(self.lines, ERROR_LINES))

    def _excerpt(self, uri: str, first: int, last: int) -> list[str]:
        try:
            return self.texts().head_and_tail(uri, first, last).lines() or ["(empty)"]
        except NotFoundError as error:
            return [f"(there is none: {error})"]
        except (ApiError, ValueError) as error:
            return [f"(it could not be read: {error})"]

    def _selected(self, job_id: str, task_name: str | None) -> Iterator[tuple[str, Instance]]:
        if self.selection == "none":
            return iter(())
        names = [task_name] if task_name else [task.TaskName for task in self.client.list_tasks(job_id)]
        if self.selection == "all":
            return self._instances(job_id, names, "")
        failed = islice(self._instances(job_id, names, FAILED), MAX_FAILED)
        if self.selection == "failed":
            return failed
        others = (pair for pair in self._instances(job_id, names, "") if pair[1].State != FAILED)
        return chain(failed, islice(others, self.selection))

    def _instances(self, job_id: str, names: list[str], state: str) -> Iterator[tuple[str, Instance]]:
        for name in names:
            for instance in self.client.list_instances(job_id, name, state):
                yield name, instance


def indented(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a log, set off from those around it."""
    return (f"  | {line}" for line in lines)


def check_selection(selection: object) -> None:
    """:raises ValueError: when it is none"""
    is_count = isinstance(selection, int) and not isinstance(selection, bool) and selection >= 0
    if not is_count and selection not in ("failed", "all", "none"):
        raise ValueError(f"log_instances is 'failed', 'all', 'none' or a number from 0; found {selection!r}.")


def check_lines(lines: object) -> None:
    """:raises ValueError: when it is no number of lines"""
    if isinstance(lines, bool) or not isinstance(lines, int) or not 0 < lines <= 10_000:
        raise ValueError(f"log_lines is a whole number from 1 to 10,000; found {lines!r}.")
