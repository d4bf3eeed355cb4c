"""The log that a page shows: the one that its address names, else that of the first failure."""

from __future__ import annotations

from .model import JobView, LogName
from .states import BAD, kind


def log_of_address(text: str) -> LogName | None:
    """Return the log that an address names, None when it names none.

    >>> log_of_address("count/3/stderr")
    LogName(part='count', unit='3', log='stderr')
    """
    names = text.rsplit("/", 2)
    return LogName(*names) if len(names) == 3 else None


def address_of_log(name: LogName) -> str:
    """Return the text that names a log in an address."""
    return f"{name.part}/{name.unit}/{name.log}"


def chosen_log(job: JobView, wanted: LogName | None) -> LogName | None:
    """Return the wanted log if the job has it, else the first log of the first instance or pod that failed."""
    names = {
        LogName(part.name, unit.name, log.name): unit.state
        for part in job.parts
        for unit in part.units
        for log in unit.logs
        if log.is_kept
    }
    if wanted in names:
        return wanted
    return next((name for name, state in names.items() if kind(state) == BAD), None)
