"""Content of the page of a job, independent of the service that runs the job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

#: Most units of a part on a page, and most logs on a page, at least one unit for each part.
MAX_UNITS = 50
MAX_LOGS = 40
#: Last lines of each log.
LOG_LINES = 20
#: Most units of a part whose details are open from the beginning, of those that failed or run.
MAX_OPEN = 2


@dataclass(frozen=True)
class Log:
    """Last lines of a log.

    :ivar note: where the log is, or why there are no lines
    :ivar is_kept: whether there may be lines
    """

    name: str
    lines: Sequence[str]
    note: str = ""
    is_kept: bool = True


@dataclass(frozen=True)
class Unit:
    """Instance of BatchCompute, or pod of PAI-DLC.

    :ivar start: time in the form of the API, empty when there is none
    :ivar exit_code: empty before the end
    :ivar notes: sentences, such as the error message
    :ivar is_open: whether its details are open in any case
    """

    name: str
    state: str
    start: str
    end: str
    exit_code: str = ""
    notes: Sequence[str] = ()
    logs: Sequence[Log] = ()
    is_open: bool = False


@dataclass(frozen=True)
class LogName:
    """Name of one log of a job, as the page has it."""

    part: str
    unit: str
    log: str


@dataclass(frozen=True)
class Part:
    """Task of BatchCompute, or role of PAI-DLC.

    :ivar state: state in the API; a role has none
    :ivar counts: number of units by state
    :ivar description: JSON of the task or role
    :ivar units: units that the page shows
    :ivar hidden: number of units that it does not show
    """

    name: str
    state: str
    counts: Mapping[str, int]
    command: str
    description: Any
    units: Sequence[Unit]
    hidden: int = 0
    start: str = ""
    end: str = ""


@dataclass(frozen=True)
class JobView:
    """Job as its page shows it.

    :ivar service: name of the service
    :ivar place: where the service is, as the page says it
    :ivar part_word: ``Task`` or ``Role``
    :ivar unit_word: ``instance`` or ``pod``
    :ivar is_active: whether the state may change by itself
    :ivar facts: rows of the table at the top: name and value
    :ivar edges: pairs of parts; the second one waits for the first one
    :ivar description: JSON of the job, whose secrets the page masks
    :ivar now: time of the service's clock, in the form of the API
    :ivar secrets: texts that the page masks beside those of the description
    :ivar notice: sentence about the page itself, such as that the service does not answer
    """

    service: str
    id: str
    name: str
    state: str
    is_active: bool
    message: str
    part_word: str
    unit_word: str
    start: str
    end: str
    now: str
    facts: Sequence[tuple[str, str]]
    parts: Sequence[Part]
    edges: Sequence[tuple[str, str]] = ()
    description: Any = field(default_factory=dict)
    place: str = "local service"
    secrets: Sequence[str] = ()
    notice: str = ""

    def with_log(self, name: LogName, found: Log) -> JobView:
        """Return the job with the lines of one log, whose instance or pod is open."""
        return replace(self, parts=[_with_log(part, name, found) for part in self.parts])

    def without_logs(self) -> JobView:
        """Return the job without the names of its logs."""
        parts = [replace(part, units=[replace(unit, logs=()) for unit in part.units]) for part in self.parts]
        return replace(self, parts=parts)


def _with_log(part: Part, name: LogName, found: Log) -> Part:
    if part.name != name.part:
        return part
    units = [
        replace(unit, is_open=True, logs=[found if log.name == name.log else log for log in unit.logs])
        if unit.name == name.unit
        else unit
        for unit in part.units
    ]
    return replace(part, units=units)


#: Function from a job id to the job, None when the service has no such job.
JobReader: TypeAlias = Callable[[str], "JobView | None"]
