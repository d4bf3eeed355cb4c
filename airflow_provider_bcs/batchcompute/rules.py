"""Check a job description: the table of rules, and the rules that concern several fields at once.

A job of the service's first API is checked in its converted form; the service itself accepts no such job any more.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

from airflow_provider_bcs.description.buckets import bucket_warnings
from airflow_provider_bcs.description.checks import size
from airflow_provider_bcs.description.ignore import not_ignored, warnings_not_ignored
from airflow_provider_bcs.description.source import CheckedJob, JobSource, read_description
from airflow_provider_bcs.description.values import is_absent, is_template
from airflow_provider_bcs.description.violation import Violation, did_you_mean
from airflow_provider_bcs.exceptions import InvalidJobError, JobSyntaxError
from airflow_provider_bcs.http.facts import invalid_parameter, missing_parameter

from .facts import MAX_BODY_SIZE, MAX_TASKS, Quotas, quota_exhausted
from .legacy import Conversion, as_current
from .wording import unreadable

_COMMAND_LINE = "Parameters.Command.CommandLine"
#: Return whether Airflow has yet to render a value.
_Pending: TypeAlias = Callable[[object], bool]

_TOO_MANY_TASKS = invalid_parameter("Tasks", size(1, MAX_TASKS).tail)[1]
_TOKEN_MISMATCH = Violation(
    "query:IdempotentToken",
    "IdempotentTokenMismatch",
    "Specified idempotent token mismatch.",
    "Found a token that another job was submitted with; expected a new token, or the same job.",
)


def check_job(
    job: JobSource,
    *,
    templates: bool = True,
    max_tasks: bool = True,
    source: str = "",
    ignore: Collection[str] = (),
) -> CheckedJob:
    """Read a job description, convert it to the current API, and check it; the result needs none of this again.

    :param job: see :func:`~.job.read_job`; a :class:`CheckedJob` is checked without being read or copied
    :param templates: skip values with a Jinja template, because Airflow has yet to render them
    :param max_tasks: whether more than 16 tasks are an error
    :param source: the name of the description in an error, such as a file name
    :param ignore: fields whose violations and warnings are passed over
    :raises InvalidJobError: when the description breaks a rule, with all violations
    :raises JobSourceError: when it is unreadable

    >>> command = {"CommandLine": "./count"}
    >>> task = {"Parameters": {"Command": command}, "InstanceCount": 1, "ClusterId": "cls-1"}
    >>> job = check_job({"Name": "job", "Type": "DAG", "DAG": {"Tasks": {"count": task}}})
    >>> job.content["Name"], job.warnings
    ('job', ())
    """
    conversion = _read(job)
    doubts = [] if isinstance(job, CheckedJob) else [*conversion.notes, *_warnings(conversion.job)]
    found = conversion.violations + _check_current(conversion.job, templates, max_tasks)
    if violations := not_ignored(found, ignore):
        raise InvalidJobError(violations, source)
    notes = job.warnings if isinstance(job, CheckedJob) else [*doubts, *bucket_warnings(conversion.job)]
    return CheckedJob(conversion.job, tuple(warnings_not_ignored(notes, ignore)))


def validate_job(
    job: JobSource,
    *,
    templates: bool = True,
    quotas: Quotas | None = None,
    max_tasks: bool = True,
    job_count: int = 0,
    earlier: JobSource | None = None,
    first_api: bool = True,
) -> list[Violation]:
    """Check a job description against all known rules of the service.

    A job of the first API is checked in its converted form. Paths are those of the current API, except for a field that
    cannot be converted; :func:`~.legacy_fields.v1_path` returns the path in the first API.

    :param job: anything that describes a job, see :func:`~.job.read_job`
    :param templates: skip values with a Jinja template, because Airflow has yet to render them
    :param quotas: the limits of the account; None to check none of them
    :param max_tasks: whether more than 16 tasks are an error; they are none where each task becomes a job of its own
    :param job_count: how many jobs the account holds, for its quota MaxJobCount
    :param earlier: the job that was submitted with the same idempotent token, if any
    :param first_api: convert a job of the first API; False to refuse it, as the service does
    :return: all violations, in the order in which the service checks; empty when the job is valid
    :raises JobSourceError: when ``job`` is a file that cannot be read

    Source: the CreateJob page of the API (81 error rows) and its list of common error codes.

    >>> [found.path for found in validate_job({"Name": "job", "Type": "DAG", "DAG": {"Tasks": {}}})]
    ['DAG.Tasks']
    """
    try:
        conversion = _read(job) if first_api else Conversion(read_description(job))
    except JobSyntaxError as error:
        return [unreadable(error)]
    found = conversion.violations + _check_current(conversion.job, templates, max_tasks)
    if earlier is not None and read_description(earlier) != conversion.job:
        found.append(_TOKEN_MISMATCH)
    if quotas is not None and (tasks := _tasks(conversion.job)) is not None:
        found += check_quotas(tasks, job_count, quotas)
    return found


def job_warnings(job: JobSource) -> list[str]:
    """Return a sentence for each valid value in ``job`` that may not have the effect that the author expects.

    :raises JobSourceError: when ``job`` is unreadable
    """
    if isinstance(job, CheckedJob):
        return list(job.warnings)
    conversion = _read(job)
    return [*conversion.notes, *_warnings(conversion.job), *bucket_warnings(conversion.job)]


def near_field(name: str) -> str | None:
    """Return None for a field of a job, for any other name the end of a sentence with the nearest field.

    >>> near_field("Tiemout"), near_field("DAG.Tasks.count.Timeout")
    ('; did you mean Timeout?', None)
    """
    from .rule_table import APP_TABLE, TABLE

    near = TABLE.near_field(name)
    return near if near is None or APP_TABLE.near_field(name) else None


def check_size(job: Mapping[str, Any]) -> Iterator[Violation]:
    """Check the size of the request that submits a job."""
    if (length := len(json.dumps(job, default=str))) > MAX_BODY_SIZE:
        yield Violation(
            "$",
            *invalid_parameter("HttpBody"),
            f"Found {length / 1024:.0f} KiB; expected at most {MAX_BODY_SIZE // 1024} KiB in a request.",
        )


def check_quotas(tasks: Mapping[str, Any], job_count: int, quotas: Quotas) -> Iterator[Violation]:
    """Check the tasks of a job, and the number of jobs in the account, against the limits of the account."""
    if job_count >= quotas.MaxJobCount:
        yield _exhausted(quotas, "MaxJobCount", "(account)", job_count)
    if len(tasks) > quotas.MaxJobTaskCount:
        yield _exhausted(quotas, "MaxJobTaskCount", "DAG.Tasks", len(tasks))
    for name, task in tasks.items():
        for key, quota in (("InstanceCount", "MaxTaskInstanceCount"), ("Timeout", "MaxInstanceTimeout")):
            value = task.get(key) if isinstance(task, dict) else None
            if type(value) is int and value > getattr(quotas, quota):
                yield _exhausted(quotas, quota, f"DAG.Tasks.{name}.{key}", value)


def _exhausted(quotas: Quotas, quota: str, path: str, found: int) -> Violation:
    limit = getattr(quotas, quota)
    advice = f"Found {found}; expected at most {limit}, the limit of the account."
    return Violation(path, *quota_exhausted(quota, limit), advice, status=403)


def _read(job: JobSource) -> Conversion:
    return Conversion(job.content) if isinstance(job, CheckedJob) else as_current(read_description(job))


def _check_current(description: dict[str, Any], templates: bool, max_tasks: bool) -> list[Violation]:
    """Check a description that has been read and has the form of the current API."""
    # The rows come from the models: a process that only imports an operator does not pay for pydantic.
    from .rule_table import APP_TABLE, TABLE

    pending = _pending(templates)
    table = APP_TABLE if description.get("Type") == "App" else TABLE
    found = list(table.check(description, templates=templates))
    tasks = _tasks(description)
    if not max_tasks:
        # Each task becomes a job of its own, and the service checks the size of that job.
        found = [item for item in found if item.message != _TOO_MANY_TASKS or len(tasks or ()) <= MAX_TASKS]
    else:
        found += check_size(description)
    if tasks is not None:
        graph = list(_validate_graph(tasks, description["DAG"].get("Dependencies"), pending))
        found += [*_validate_clusters(tasks, pending), *graph]
    return found


def _tasks(description: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the tasks of a description, None when it has no object of tasks."""
    dag = description.get("DAG")
    tasks = dag.get("Tasks") if isinstance(dag, Mapping) else None
    return tasks if isinstance(tasks, Mapping) else None


def _pending(templates: bool) -> _Pending:
    return is_template if templates else lambda value: False


def _warnings(description: Mapping[str, Any]) -> Iterator[str]:
    pending = _pending(True)
    for name, task in (_tasks(description) or {}).items():
        if isinstance(task, Mapping):
            yield from (f"DAG.Tasks.{name}.{text}" for text in _task_warnings(task, pending))


def _task_warnings(task: Mapping[str, Any], pending: _Pending) -> Iterator[str]:
    if task.get("ClusterId") and task.get("AutoCluster"):
        # The service takes exactly one of the two; that ClusterId wins is assumed.
        yield f"AutoCluster: found beside ClusterId; ClusterId {task['ClusterId']!r} takes effect."
    parameters = task.get("Parameters")
    command = parameters.get("Command") if isinstance(parameters, Mapping) else None
    line = command.get("CommandLine") if isinstance(command, Mapping) else None
    if isinstance(line, str) and not line.strip():
        yield f"{_COMMAND_LINE}: found no program to run; the task fails."
    if isinstance(line, str) and not pending(line) and any(mark in line for mark in "'\"\\"):
        try:
            shlex.split(line)
        except ValueError as error:
            yield f"{_COMMAND_LINE}: found a line that cannot be split into words: {error}."


def _validate_clusters(tasks: Mapping[str, Any], pending: _Pending) -> Iterator[Violation]:
    for name, task in tasks.items():
        if not isinstance(task, dict):
            continue
        path, cluster = f"DAG.Tasks.{name}", task.get("AutoCluster")
        if is_absent(task.get("ClusterId")) and not cluster:
            advice = "Give the task a ClusterId or an AutoCluster."
            yield Violation(f"{path}.ClusterId", *missing_parameter("ClusterId"), advice)
        if isinstance(cluster, Mapping):
            images = [cluster.get("ImageId"), cluster.get("ECSImageId")]
            if not any(is_absent(image) or pending(image) for image in images):
                yield Violation(
                    f"{path}.AutoCluster.ECSImageId",
                    *invalid_parameter("ECSImageId"),
                    f"Found ImageId {images[0]!r} and ECSImageId {images[1]!r}; expected one of the two.",
                )


def _validate_graph(tasks: Mapping[str, Any], dependencies: Any, pending: _Pending) -> Iterator[Violation]:
    """Check for unknown tasks and for cycles. The code InvalidDependencies for an unknown task is assumed."""
    if not isinstance(dependencies, Mapping):
        return
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for source, targets in dependencies.items():
        names = [target for target in targets if isinstance(target, str)] if isinstance(targets, (list, tuple)) else []
        for name in [source, *names]:
            if name not in tasks and not pending(name):
                yield Violation(
                    f"DAG.Dependencies.{source}",
                    *invalid_parameter("Dependencies"),
                    f"Found {name!r}, which is no task of this job{did_you_mean(name, tasks)}",
                    is_final=True,
                )
        for name in names:
            sorter.add(name, source)
    try:
        sorter.prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        advice = (
            f"Task {cycle[0]} depends on itself."
            if len(set(cycle)) == 1
            else f"Found the cycle {' -> '.join(cycle)}; remove one of these dependencies."
        )
        yield Violation("DAG.Dependencies", "BadDAG", "It is a cyclic dag.", advice, is_final=True)
