"""Add the origin of a job to its description, within the limits of the service."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.description.source import CheckedJob

from .facts import MAX_VARIABLE_LENGTH, MAX_VARIABLES
from .rules import check_size

if TYPE_CHECKING:
    from airflow_provider_bcs.waiting.origin import Origin

log = logging.getLogger(__name__)


def descriptions(job: Mapping[str, Any], origin: Origin) -> list[Mapping[str, Any]]:
    """Return the description that this attempt submits, and after it those that the earlier attempts submitted.

    The service compares the description of a repeated submission with that of the first one. A line is logged for each
    part of the origin that exceeds a limit and is left out.

    :param job: the author's description, checked
    """
    found: list[Mapping[str, Any]] = []
    for variables in origin.attempts:
        made, left_out = _with_origin(job, variables, origin.description)
        if not found:
            for reason in left_out:
                log.warning("%s", reason)
        if made not in found:
            found.append(made)
    return found


def _with_origin(
    job: Mapping[str, Any], variables: Mapping[str, str], description: str
) -> tuple[Mapping[str, Any], list[str]]:
    left_out = [
        f"Variable {name} is left out: found {len(value)} characters; the service takes at most {MAX_VARIABLE_LENGTH}."
        for name, value in variables.items()
        if len(value) > MAX_VARIABLE_LENGTH
    ]
    variables = {name: value for name, value in variables.items() if len(value) <= MAX_VARIABLE_LENGTH}
    changed = dict(job)
    if description and not job.get("Description"):
        # Airflow limits each id to 250 characters, so that three of them always fit.
        changed["Description"] = description
    # A job of Type App has no DAG, and no field for variables.
    if variables and isinstance(dag := job.get("DAG"), Mapping):
        tasks = {name: _with_variables(task, variables) for name, task in dag["Tasks"].items()}
        left_out += _full_tasks(dag["Tasks"], tasks)
        changed["DAG"] = {**dag, "Tasks": tasks}
    if changed == job:
        return job, left_out
    for violation in check_size(changed):
        return job, [f"The job is submitted without the variables of its Airflow task: {violation.advice}"]
    return CheckedJob(changed), left_out


def _with_variables(task: Mapping[str, Any], variables: Mapping[str, str]) -> Mapping[str, Any]:
    """Return a task with the variables; the task itself when it would have too many."""
    parameters = task["Parameters"]
    command = parameters["Command"]
    own = command.get("EnvVars") or {}
    if not isinstance(own, Mapping):
        # The author has the checks ignore it, and it is submitted as it is.
        return task
    # The author's value wins.
    merged = {**variables, **own}
    if len(merged) > MAX_VARIABLES:
        return task
    return {**task, "Parameters": {**parameters, "Command": {**command, "EnvVars": merged}}}


def _full_tasks(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name, task in before.items():
        if after[name] is task and isinstance(own := task["Parameters"]["Command"].get("EnvVars"), Mapping):
            yield (
                f"Task {name} is submitted without the variables of its Airflow task: found {len(own)} EnvVars; the"
                f" service takes at most {MAX_VARIABLES}."
            )
