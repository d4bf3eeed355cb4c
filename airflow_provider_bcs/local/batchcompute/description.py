"""Job descriptions as the service keeps them: what was submitted, with the defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_bcs.batchcompute.facts import (
    COMMAND_DEFAULTS,
    JOB_DEFAULTS,
    PARAMETERS_DEFAULTS,
    TASK_DEFAULTS,
    Quotas,
)


def fill_in_defaults(job: Mapping[str, Any], quotas: Quotas) -> dict[str, Any]:
    """Return a valid job with every optional field set that has a default; null counts as absent.

    That of a job of Type App has no tasks yet: they come from the app.
    """
    found = {
        **filled(job, JOB_DEFAULTS),
        # Clients read Notification.Topic without looking whether it is there.
        "Notification": {"Topic": {}, **_present(job.get("Notification") or {})},
    }
    if is_app(job):
        return found
    tasks = {name: _task(task, quotas) for name, task in tasks_of(job).items()}
    return {**found, "DAG": {"Tasks": tasks, "Dependencies": job["DAG"].get("Dependencies") or {}}}


def is_app(job: Mapping[str, Any]) -> bool:
    """Tell whether a job is of Type App."""
    return bool(job.get("Type") == "App")


def tasks_of(job: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the tasks of a valid job."""
    tasks: dict[str, dict[str, Any]] = job["DAG"]["Tasks"]
    return tasks


def named_clusters(job: Mapping[str, Any]) -> set[str]:
    """Return the ids of the clusters that a job with its defaults is to run on."""
    tasks = tasks_of(job).values()
    named = {task["ClusterId"] or task["AutoCluster"].get("ClusterId") for task in tasks}
    return {cluster_id for cluster_id in named if cluster_id}


def _task(task: Mapping[str, Any], quotas: Quotas) -> dict[str, Any]:
    parameters = task["Parameters"]
    command = filled(parameters["Command"], COMMAND_DEFAULTS)
    return {
        **filled(task, {**TASK_DEFAULTS, "Timeout": quotas.MaxInstanceTimeout}),
        "Parameters": {
            **filled(parameters, PARAMETERS_DEFAULTS),
            "Command": command,
        },
    }


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def filled(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is set in ``fields``, and ``defaults`` for the rest; null counts as absent."""
    present = _present(fields)
    # Clients send an empty string for "not set", also where a number or an object belongs.
    return {**defaults, **{name: value for name, value in present.items() if value != "" or name not in defaults}}


def predecessors(job: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return for each task the tasks that must have finished before it; Dependencies is the other way round."""
    found: dict[str, set[str]] = {name: set() for name in tasks_of(job)}
    for source, targets in job["DAG"]["Dependencies"].items():
        for target in targets:
            found[target].add(source)
    return found
