"""Check a job description: the table of rules, and what concerns several fields at once."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from airflow_provider_bcs.description.checks import OBJECT, size
from airflow_provider_bcs.description.rules import RuleTable, is_absent
from airflow_provider_bcs.description.source import JobSource, read_job
from airflow_provider_bcs.description.suggestion import did_you_mean
from airflow_provider_bcs.description.template import is_template
from airflow_provider_bcs.description.violation import Violation
from airflow_provider_bcs.exceptions import JobSyntaxError
from airflow_provider_bcs.http.facts import invalid_parameter, missing_parameter

from .app_rules import APP_TABLE
from .facts import MAX_BODY_SIZE, MAX_TASKS, Quotas, quota_exhausted
from .machine_rules import SECRET, WORDING
from .rule_table import REQUIRED, ROWS

_TOO_MANY_TASKS = invalid_parameter("Tasks", size(1, MAX_TASKS).tail)[1]
_TOKEN_MISMATCH = Violation(
    "query:IdempotentToken",
    "IdempotentTokenMismatch",
    "Specified idempotent token mismatch.",
    "The token was used before with another job; right is a new token, or the same job.",
)
_BODY_MESSAGES = {
    "InvalidJsonFormat": "The request body has an invalid json format.",
    "InvalidHttpBody": invalid_parameter("HttpBody", OBJECT.tail)[1],
}


_TABLE = RuleTable(
    ROWS,
    WORDING,
    required=REQUIRED,
    # An empty CommandLine is legal, its length range begins with 0; it is there, so it is not missing.
    may_be_empty=("DAG.Tasks.{task}.Parameters.Command.CommandLine",),
    secret=SECRET,
)


def check_size(job: Mapping[str, Any]) -> Iterator[Violation]:
    """Check how large the request is that submits a job."""
    if (length := len(json.dumps(job, default=str))) > MAX_BODY_SIZE:
        yield Violation(
            "$",
            *invalid_parameter("HttpBody"),
            f"Found {length / 1024:.0f} KiB; a request has at most {MAX_BODY_SIZE // 1024} KiB.",
        )


def validate_job(
    job: JobSource,
    *,
    templates: bool = True,
    quotas: Quotas | None = None,
    max_tasks: bool = True,
    job_count: int = 0,
    earlier: JobSource | None = None,
) -> list[Violation]:
    """Check a job description against every rule the service is known to apply.

    This is what the service says; :func:`~.validation.validate_job` is for authors and takes jobs of the first API too.

    :param job: anything a job can be given as, see :func:`~.source.read_job`
    :param templates: leave values alone that hold a Jinja template, since they are known only after rendering
    :param quotas: check the account's limits too
    :param max_tasks: whether more than 16 tasks are an error; they are not where each task becomes its own job
    :param job_count: how many jobs the account holds, for its quota MaxJobCount
    :param earlier: the job that was submitted before with the same idempotent token, if any
    :return: all violations, in the order in which the service would meet them; empty when the job is valid
    :raises JobSourceError: when ``job`` is a file that cannot be read

    Source: the CreateJob page of the API (81 error rows) and its list of common error codes.
    """
    try:
        description = read_job(job)
    except JobSyntaxError as error:
        return [unreadable(error)]
    table = APP_TABLE if description.get("Type") == "App" else _TABLE
    found = list(table.check(description, templates=templates))
    if not max_tasks:
        # Each task is to be a job of its own, and its size is that job's.
        found = [item for item in found if item.message != _TOO_MANY_TASKS or _count_tasks(description) <= MAX_TASKS]
    else:
        found += check_size(description)
    if earlier is not None and read_job(earlier) != description:
        found.append(_TOKEN_MISMATCH)
    dag = description.get("DAG")
    if isinstance(dag, dict):
        tasks = dag.get("Tasks")
        if isinstance(tasks, dict):
            for name, task in tasks.items():
                if isinstance(task, dict):
                    found += _validate_cluster(task, f"DAG.Tasks.{name}", templates)
            found += check_quotas(tasks, job_count, quotas) if quotas else ()
            found += _validate_graph(tasks, dag.get("Dependencies"), templates)
    return found


def check_description(
    table: RuleTable, source: JobSource, *, templates: bool
) -> tuple[list[Violation], Mapping[str, Any]]:
    """Check the description of something else than a job against its table; return it too, empty when unreadable."""
    try:
        description = read_job(source)
    except JobSyntaxError as error:
        return [unreadable(error)], {}
    return list(table.check(description, templates=templates)), description


def unreadable(error: JobSyntaxError) -> Violation:
    """Return what the service would say to text that is no job description."""
    return Violation("$", error.code, _BODY_MESSAGES[error.code], str(error))


def _count_tasks(description: Mapping[str, Any]) -> int:
    dag = description.get("DAG")
    tasks = dag.get("Tasks") if isinstance(dag, Mapping) else None
    return len(tasks) if isinstance(tasks, Mapping) else 0


def job_warnings(job: JobSource) -> list[str]:
    """Name what is valid in ``job`` but may not do what its author expects; one sentence each."""
    dag = read_job(job).get("DAG")
    tasks = dag.get("Tasks") if isinstance(dag, Mapping) else None
    if not isinstance(tasks, Mapping):
        return []
    return [
        f"DAG.Tasks.{name} {text}"
        for name, task in tasks.items()
        if isinstance(task, Mapping)
        for text in _task_warnings(task)
    ]


def _task_warnings(task: Mapping[str, Any]) -> Iterator[str]:
    if not is_absent(task.get("ClusterId")) and task.get("AutoCluster"):
        # The service takes exactly one of the two; that the fixed cluster wins is an assumption.
        yield (
            f"has both ClusterId and AutoCluster: ClusterId {task['ClusterId']!r} takes effect, AutoCluster is ignored."
        )
    parameters = task.get("Parameters")
    command = parameters.get("Command") if isinstance(parameters, Mapping) else None
    line = command.get("CommandLine") if isinstance(command, Mapping) else None
    if isinstance(line, str) and not is_template(line) and any(mark in line for mark in "'\"\\"):
        try:
            shlex.split(line)
        except ValueError as error:
            yield f"has a CommandLine that cannot be split into words: {error}."


def _validate_cluster(task: Mapping[str, Any], path: str, templates: bool) -> Iterator[Violation]:
    cluster = task.get("AutoCluster")
    if is_absent(task.get("ClusterId")) and not cluster:
        yield Violation(
            f"{path}.ClusterId",
            *missing_parameter("ClusterId"),
            "Give the task a ClusterId or an AutoCluster.",
        )
    if isinstance(cluster, Mapping):
        images = [cluster.get("ImageId"), cluster.get("ECSImageId")]
        if not any(is_absent(image) or (templates and is_template(image)) for image in images):
            yield Violation(
                f"{path}.AutoCluster.ECSImageId",
                *invalid_parameter("ECSImageId"),
                f"Found ImageId {images[0]!r} and ECSImageId {images[1]!r}; right is one of the two.",
            )


def _exhausted(quotas: Quotas, quota: str, path: str, found: int) -> Violation:
    limit = getattr(quotas, quota)
    return Violation(
        path,
        *quota_exhausted(quota, limit),
        f"Found {found}; the account allows {limit}.",
        status=403,
    )


def check_quotas(tasks: Mapping[str, Any], job_count: int, quotas: Quotas) -> Iterator[Violation]:
    """Check the tasks of a job, and how many jobs there are already, against the limits of the account."""
    if job_count >= quotas.MaxJobCount:
        yield _exhausted(quotas, "MaxJobCount", "(account)", job_count)
    if len(tasks) > quotas.MaxJobTaskCount:
        yield _exhausted(quotas, "MaxJobTaskCount", "DAG.Tasks", len(tasks))
    for name, task in tasks.items():
        for key, quota in (("InstanceCount", "MaxTaskInstanceCount"), ("Timeout", "MaxInstanceTimeout")):
            value = task.get(key) if isinstance(task, dict) else None
            if type(value) is int and value > getattr(quotas, quota):
                yield _exhausted(quotas, quota, f"DAG.Tasks.{name}.{key}", value)


def _validate_graph(tasks: Mapping[str, Any], dependencies: Any, templates: bool) -> Iterator[Violation]:
    """Unknown tasks and cycles. That an unknown task is InvalidDependencies is an assumption."""
    if not isinstance(dependencies, Mapping):
        return
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for source, targets in dependencies.items():
        names = [target for target in targets if isinstance(target, str)] if isinstance(targets, (list, tuple)) else []
        for name in [source, *names]:
            if name not in tasks and not (templates and is_template(name)):
                yield Violation(
                    f"DAG.Dependencies.{source}",
                    *invalid_parameter("Dependencies"),
                    f"Found {name!r}, which is no task of this job{did_you_mean(name, tasks)}",
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
        yield Violation("DAG.Dependencies", "BadDAG", "It is a cyclic dag.", advice)
