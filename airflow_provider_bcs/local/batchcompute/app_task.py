"""Task of a job of Type App, made from the app and the job's parameter values.

BatchCompute does not document how a program receives its parameters. Assumptions: each parameter is an environment
variable, and ``${name}`` in the CommandLine. Both hold the LocalPath of the parameter, or its value when it has no
LocalPath. A parameter without a Default is required.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from airflow_provider_bcs.batchcompute.app.rules import PARAMETER_TYPES
from airflow_provider_bcs.batchcompute.checks import OSS_PATH
from airflow_provider_bcs.description.checks import NUMBER, STRING
from airflow_provider_bcs.local.error_response import invalid, missing

from .apps import App

TASK_NAME = "App"
_REFERENCE = re.compile(r"\$\{([A-Za-z0-9_-]+)\}")


def resolve(job_app: Mapping[str, Any], app: App) -> dict[str, Any]:
    """Return the ``App`` of a job with the default values of the app.

    :raises ErrorResponse: when a parameter is unknown, missing, or has a value that is not valid
    """
    description = app.description
    values = {
        field: _values(field, job_app.get(field) or {}, description[parameters])
        for field, parameters in (("Inputs", "InputParameters"), ("Outputs", "OutputParameters"))
    }
    return {
        "AppName": job_app["AppName"],
        **values,
        "Logging": job_app.get("Logging") or {},
        "Config": _config(job_app.get("Config") or {}, description["Config"]),
    }


def task_of(job_app: Mapping[str, Any], app: App) -> dict[str, Any]:
    """Return the task that runs an app.

    :param job_app: result of :func:`resolve`
    """
    description, config, logging = app.description, job_app["Config"], job_app["Logging"]
    inputs, outputs = description["InputParameters"], description["OutputParameters"]
    given = {**job_app["Inputs"], **job_app["Outputs"]}
    seen = {name: parameter["LocalPath"] or _text(given[name]) for name, parameter in {**inputs, **outputs}.items()}
    return {
        "Parameters": {
            "Command": {
                "CommandLine": _command_line(description["CommandLine"], seen),
                "PackagePath": "",
                "EnvVars": {**description["EnvVars"], **seen},
            },
            "InputMappingConfig": {},
            "StdoutRedirectPath": _folder(logging.get("StdoutPath")),
            "StderrRedirectPath": _folder(logging.get("StderrPath")),
        },
        # Mounts instead of InputMapping, because two inputs may be the same object. WriteSupport makes them copies.
        "Mounts": {
            "Entries": [
                {"Source": value, "Destination": inputs[name]["LocalPath"], "WriteSupport": True}
                for name, value in job_app["Inputs"].items()
                if value and inputs[name]["LocalPath"]
            ]
        },
        "InputMapping": {},
        "OutputMapping": {
            outputs[name]["LocalPath"]: value
            for name, value in job_app["Outputs"].items()
            if value and outputs[name]["LocalPath"]
        },
        "LogMapping": {},
        "ClusterId": config.get("ClusterId") or "",
        "AutoCluster": {},
        **{name: config[name] for name in ("InstanceCount", "Timeout", "MaxRetryCount")},
    }


def _values(field: str, given: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    for name in given:
        if name not in parameters:
            raise invalid(f"{field}.{name}", "The app has no such parameter.")
    found = {}
    for name, parameter in parameters.items():
        value = given.get(name)
        value = parameter.get("Default") if value is None else value
        kind = PARAMETER_TYPES[parameter["Type"]]
        if value is None or (value == "" and kind is NUMBER):
            raise missing(f"{field}.{name}")
        for check in (STRING, OSS_PATH) if parameter["LocalPath"] else (kind,):
            if not check.passes(value):
                raise invalid(f"{field}.{name}", check.tail)
        found[name] = value
    return found


def _config(given: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in given.items() if value not in (None, "")}
    for name, setting in settings.items():
        if found.setdefault(name, setting["Default"]) != setting["Default"] and not setting["Overwritable"]:
            raise invalid(name, f"It must be {setting['Default']!r}: Overwritable is false in the app.")
    return found


def _command_line(text: str, values: Mapping[str, str]) -> str:
    try:
        words = shlex.split(text)
    except ValueError:
        # The instance fails with InvalidCommandLine.
        return text
    # Substitute in each word separately: a value with spaces stays one word.
    return shlex.join(_REFERENCE.sub(lambda found: values.get(found[1], found[0]), word) for word in words)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _folder(path: str | None) -> str:
    """Return the folder of the log objects. Assumption: a path that does not end in ``/`` is a folder, too."""
    return f"{path.removesuffix('/')}/" if path else ""
