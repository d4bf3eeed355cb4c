"""Job descriptions as the service keeps them: what was submitted, with the defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_bcs.batchcompute.rules import Quotas

# Priority, JobFailOnInstanceFail and Timeout have no documented default: these are assumptions. A client that
# leaves out zeros must mean zero by an absent Priority.
_JOB = {"Description": "", "Priority": 0, "JobFailOnInstanceFail": True, "AutoRelease": False}
_TASK: dict[str, Any] = {
    "InputMapping": {},
    "OutputMapping": {},
    "LogMapping": {},
    "MaxRetryCount": 0,
    "ClusterId": "",
    "AutoCluster": {},
}


def fill_in_defaults(job: Mapping[str, Any], quotas: Quotas) -> dict[str, Any]:
    """Return a valid DAG job with every optional field set that has a default; null counts as absent."""
    dag = job["DAG"]
    tasks = {name: _task(task, quotas) for name, task in dag["Tasks"].items()}
    return {
        **_filled(job, _JOB),
        # Clients read Notification.Topic without looking whether it is there.
        "Notification": {"Topic": {}, **_present(job.get("Notification") or {})},
        "DAG": {"Tasks": tasks, "Dependencies": dag.get("Dependencies") or {}},
    }


def _task(task: Mapping[str, Any], quotas: Quotas) -> dict[str, Any]:
    parameters = task["Parameters"]
    command = _filled(parameters["Command"], {"PackagePath": "", "EnvVars": {}})
    return {
        **_filled(task, {**_TASK, "Timeout": quotas.MaxInstanceTimeout}),
        "Parameters": {
            **_filled(parameters, {"InputMappingConfig": {}, "StdoutRedirectPath": "", "StderrRedirectPath": ""}),
            "Command": command,
        },
    }


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _filled(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    present = _present(fields)
    # Clients send an empty string for "not set", also where a number or an object belongs.
    return {**defaults, **{name: value for name, value in present.items() if value != "" or name not in defaults}}


def predecessors(job: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return for each task the tasks that must have finished before it; Dependencies is the other way round."""
    found: dict[str, set[str]] = {name: set() for name in job["DAG"]["Tasks"]}
    for source, targets in job["DAG"]["Dependencies"].items():
        for target in targets:
            found[target].add(source)
    return found
