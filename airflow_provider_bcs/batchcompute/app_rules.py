"""The rules of a job of Type App, as far as they are documented.

Source: the app job page of the API and its Python SDK. Codes follow the general rows ``Invalid{Parameter}`` and
``Missing{Parameter}``: the page has no error table.
"""

from __future__ import annotations

from airflow_provider_bcs.description.checks import (
    BOOLEAN,
    INTEGER,
    OBJECT,
    STRING,
    Check,
    at_least,
    length,
    number_range,
    one_of,
    size,
)
from airflow_provider_bcs.description.rules import Row, RuleTable

from .checks import OSS_PATH
from .facts import MAX_PARAMETERS, MAX_PRIORITY
from .machine_rules import DISK_TYPES, JOB_EVENTS, RESOURCE_TYPES, SECRET, WORDING, notification

#: The settings that an app has, and the checks on their values.
SETTINGS: dict[str, tuple[Check, ...]] = {
    "ResourceType": (STRING, one_of(*RESOURCE_TYPES)),
    "InstanceType": (STRING,),
    "InstanceCount": (INTEGER, at_least(1)),
    "MinDiskSize": (INTEGER, at_least(0)),
    "DiskType": (STRING, one_of(*DISK_TYPES)),
    "MinDataDiskSize": (INTEGER, at_least(0)),
    "DataDiskType": (STRING, one_of(*DISK_TYPES)),
    "DataDiskMountPoint": (STRING,),
    "MaxRetryCount": (INTEGER, at_least(0)),
    "Timeout": (INTEGER, at_least(1)),
}

APP_ROWS: tuple[Row, ...] = (
    ("App", (OBJECT,)),
    # A public app's name has the prefix ":" or "Public:".
    ("App.AppName", (STRING, length(1, 1024))),
    ("App.Inputs", (OBJECT, size(0, MAX_PARAMETERS))),
    ("App.Inputs.{key}", ()),
    ("App.Outputs", (OBJECT, size(0, MAX_PARAMETERS))),
    ("App.Outputs.{key}", ()),
    ("App.Logging", (OBJECT,)),
    ("App.Logging.StdoutPath", (STRING, OSS_PATH)),
    ("App.Logging.StderrPath", (STRING, OSS_PATH)),
    ("App.Config", (OBJECT,)),
    *((f"App.Config.{name}", checks) for name, checks in SETTINGS.items()),
    ("App.Config.ReserveOnFail", (BOOLEAN,)),
    ("App.Config.ClassicNetwork", (BOOLEAN,)),
    ("App.Config.ClusterId", (STRING, length(1, 64))),
)
_ROWS: tuple[Row, ...] = (
    ("Name", (STRING, length(1, 100))),
    ("Description", (STRING, length(0, 1000))),
    ("Type", (one_of("DAG", "App"),)),
    ("Priority", (INTEGER, number_range(0, MAX_PRIORITY))),
    ("JobFailOnInstanceFail", (BOOLEAN,)),
    ("AutoRelease", (BOOLEAN,)),
    *notification(JOB_EVENTS),
    *APP_ROWS,
)

APP_TABLE = RuleTable(_ROWS, WORDING, required=("Name", "Type", "App", "App.AppName"), secret=SECRET)
