"""Read the first and last lines that instances of a job wrote to standard output and error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from airflow_provider_bcs.exceptions import ApiError, NotFoundError
from airflow_provider_bcs.waiting.line_level import LeveledLine, level_of

from .facts import FAILED

if TYPE_CHECKING:
    from airflow_provider_bcs.oss.excerpt import Excerpt
    from airflow_provider_bcs.waiting.line_level import Level

    from .client import Client
    from .response import Instance

#: Instances whose logs are read: failed ones, all, none, or failed ones and this number of others.
Selection: TypeAlias = Literal["failed", "all", "none"] | int

#: Most failed instances of a job whose logs are read, unless the selection is "all".
MAX_FAILED = 20
#: Number of last lines of standard error in an error message.
ERROR_LINES = 10


class Texts(Protocol):
    """Source of logs, such as ``airflow_provider_bcs.oss.ObjectStore``."""

    def head_and_tail(self, uri: str, first_lines: int, last_lines: int) -> Excerpt: ...


@dataclass(frozen=True)
class InstanceLogs:
    """Reader of logs. An unreadable log is a line of the result, never an error.

    :ivar texts: returns the source of logs; an error that it raises becomes a line too
    :ivar selection: the instances whose logs are read
    :ivar lines: number of lines from the beginning of each log, and from its end
    """

    client: Client
    texts: Callable[[], Texts]
    selection: Selection = "failed"
    lines: int = 50

    def read(self, job_id: str, task_name: str | None = None) -> Iterator[LeveledLine]:
        """Yield the lines of the logs of a job, or of one of its tasks, with a heading for each log.

        A line has the level of its prefix. A line of standard error without one is an error if the instance failed.
        """
        try:
            for name, instance in self._selected(job_id, task_name):
                for stream, uri in (("stdout", instance.StdoutRedirectPath), ("stderr", instance.StderrRedirectPath)):
                    if not uri:
                        continue
                    level: Level = "error" if stream == "stderr" and instance.State == FAILED else "info"
                    yield LeveledLine(
                        f"{stream} of instance {instance.InstanceId} of task {name}, {instance.State}: {uri}"
                    )
                    for line in self._excerpt(uri, self.lines, self.lines):
                        # What the program has not written has its level already.
                        known = line.level if isinstance(line, LeveledLine) else level_of(line, level)
                        yield LeveledLine(f"  | {line}", known)
        except ApiError as error:
            yield LeveledLine(f"(the instances of job {job_id} cannot be listed: {error})", "warning")

    def last_error_lines(self, instance: Instance) -> list[str]:
        """Return the last lines of an instance's standard error."""
        if self.selection == "none" or not instance.StderrRedirectPath:
            return []
        return self._excerpt(instance.StderrRedirectPath, 0, min(self.lines, ERROR_LINES))

    def _excerpt(self, uri: str, first: int, last: int) -> list[str]:
        try:
            return self.texts().head_and_tail(uri, first, last).lines() or [LeveledLine("(empty)")]
        except NotFoundError as error:
            return [LeveledLine(f"(there is no log: {error})")]
        except (ApiError, ValueError) as error:
            return [LeveledLine(f"(the log is unreadable: {error})", "warning")]

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
    """Yield the lines of a log, indented."""
    return (f"  | {line}" for line in lines)


def check_selection(selection: object) -> None:
    """Check an argument ``log_instances``.

    :raises ValueError: for any other value than a selection
    """
    is_count = isinstance(selection, int) and not isinstance(selection, bool) and selection >= 0
    if not is_count and selection not in ("failed", "all", "none"):
        raise ValueError(f"log_instances: found {selection!r}; expected 'failed', 'all', 'none' or a number from 0.")


def check_lines(lines: object) -> None:
    """Check an argument ``log_lines``.

    :raises ValueError: for any other value than a whole number from 1 to 10,000
    """
    if isinstance(lines, bool) or not isinstance(lines, int) or not 0 < lines <= 10_000:
        raise ValueError(f"log_lines: found {lines!r}; expected a whole number from 1 to 10,000.")
