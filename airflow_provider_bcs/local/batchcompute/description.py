"""Job descriptions as the local service stores them: the submitted description with default values."""

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
    """Return a valid job with default values for absent fields; null counts as absent.

    A job of Type App has no tasks: :mod:`.app_task` makes its task.
    """
    found = {
        **filled(job, JOB_DEFAULTS),
        # Clients access Notification.Topic without checking that it exists.
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
    """Return the ClusterIds that a job with default values names."""
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
    """Return ``fields`` with ``defaults`` for absent fields; null counts as absent."""
    present = _present(fields)
    # Clients send an empty string for a field that is not set, even for numbers and objects.
    return {**defaults, **{name: value for name, value in present.items() if value != "" or name not in defaults}}


def predecessors(job: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the upstream tasks of each task; Dependencies has the downstream tasks."""
    found: dict[str, set[str]] = {name: set() for name in tasks_of(job)}
    for source, targets in job["DAG"]["Dependencies"].items():
        for target in targets:
            found[target].add(source)
    return found
