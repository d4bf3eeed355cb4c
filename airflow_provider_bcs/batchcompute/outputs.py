"""Places of the output of a BatchCompute job, for the log of a task that succeeded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .legacy import as_current

__all__ = ["output_lines"]

#: Most places in one line.
_MAX_PLACES = 10


def output_lines(job: Mapping[str, Any], task_name: str | None = None) -> list[str]:
    """Return a line with the places of the outputs, and a line with those of the programs' standard streams.

    :param job: a valid job, without templates
    :param task_name: the outputs of this task only

    >>> task = {"OutputMapping": {"/home/out/": "oss://b/out/"}, "Parameters": {"StdoutRedirectPath": "oss://b/logs/"}}
    >>> output_lines({"DAG": {"Tasks": {"count": task}}})
    ['Output: oss://b/out/', 'Standard output and error of the instances: oss://b/logs/']
    """
    job = as_current(dict(job)).job
    tasks = [
        task
        for name, task in _mapping(_mapping(job.get("DAG")).get("Tasks")).items()
        if task_name in (None, name) and isinstance(task, Mapping)
    ]
    app = _mapping(job.get("App"))
    logging = _mapping(app.get("Logging"))
    outputs = [*_mapping(app.get("Outputs")).values(), *(place for task in tasks for place in _outputs(task))]
    streams = [logging.get("StdoutPath"), logging.get("StderrPath")]
    for task in tasks:
        parameters = _mapping(task.get("Parameters"))
        streams += [parameters.get("StdoutRedirectPath"), parameters.get("StderrRedirectPath")]
    return [*_line("Output", outputs), *_line("Standard output and error of the instances", streams)]


def _outputs(task: Mapping[str, Any]) -> Iterator[Any]:
    yield from _mapping(task.get("OutputMapping")).values()
    yield from _mapping(task.get("LogMapping")).values()
    for entry in _mapping(task.get("Mounts")).get("Entries") or ():
        if isinstance(entry, Mapping) and entry.get("WriteSupport") is True:
            yield entry.get("Source")


def _line(name: str, places: Iterable[Any]) -> Iterator[str]:
    known = list(dict.fromkeys(place for place in places if isinstance(place, str) and place))
    if known:
        more = f" and {len(known) - _MAX_PLACES} more" if len(known) > _MAX_PLACES else ""
        yield f"{name}: {', '.join(known[:_MAX_PLACES])}{more}"


def _mapping(value: Any) -> Mapping[str, Any]:
    """Return a field that holds an object; an empty one for a field that is left out."""
    return value if isinstance(value, Mapping) else {}
