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
    at_least,
    length,
    number_range,
    one_of,
    size,
)
from airflow_provider_bcs.description.rules import Row, RuleTable

from .checks import OSS_PATH
from .machine_rules import DISK_TYPES, JOB_EVENTS, RESOURCE_TYPES, SECRET, WORDING, notification


def _config(field: str) -> str:
    return f"App.Config.{field}"


_ROWS: tuple[Row, ...] = (
    ("Name", (STRING, length(1, 100))),
    ("Description", (STRING, length(0, 1000))),
    ("Type", (one_of("DAG", "App"),)),
    ("Priority", (INTEGER, number_range(0, 1000))),
    ("JobFailOnInstanceFail", (BOOLEAN,)),
    ("AutoRelease", (BOOLEAN,)),
    *notification(JOB_EVENTS),
    ("App", (OBJECT,)),
    # A public app's name has the prefix ":" or "Public:".
    ("App.AppName", (STRING, length(1, 1024))),
    ("App.Inputs", (OBJECT, size(0, 50))),
    ("App.Inputs.{key}", ()),
    ("App.Outputs", (OBJECT, size(0, 50))),
    ("App.Outputs.{key}", ()),
    ("App.Logging", (OBJECT,)),
    ("App.Logging.StdoutPath", (STRING, OSS_PATH)),
    ("App.Logging.StderrPath", (STRING, OSS_PATH)),
    ("App.Config", (OBJECT,)),
    (_config("ResourceType"), (STRING, one_of(*RESOURCE_TYPES))),
    (_config("InstanceType"), (STRING,)),
    (_config("InstanceCount"), (INTEGER, at_least(1))),
    (_config("MinDiskSize"), (INTEGER, at_least(0))),
    (_config("DiskType"), (STRING, one_of(*DISK_TYPES))),
    (_config("MinDataDiskSize"), (INTEGER, at_least(0))),
    (_config("DataDiskType"), (STRING, one_of(*DISK_TYPES))),
    (_config("DataDiskMountPoint"), (STRING,)),
    (_config("MaxRetryCount"), (INTEGER, at_least(0))),
    (_config("Timeout"), (INTEGER, at_least(1))),
    (_config("ReserveOnFail"), (BOOLEAN,)),
    (_config("ClassicNetwork"), (BOOLEAN,)),
    (_config("ClusterId"), (STRING, length(1, 64))),
)

APP_TABLE = RuleTable(_ROWS, WORDING, required=("Name", "Type", "App", "App.AppName"), secret=(*SECRET, "Inputs"))
