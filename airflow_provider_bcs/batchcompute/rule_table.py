"""The rules of a job description, as a table; see :mod:`airflow_provider_bcs.description.rules`.

A row names a field and its checks in the order the service makes them; code and message follow from the row
as in the service's CreateJob error table. Rows marked "ours" have no counterpart there:
they are reported as the table's general row ``Invalid{Parameter}``.
"""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_bcs.description.checks import (
    ARRAY,
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
from airflow_provider_bcs.description.rules import Row

from .app_rules import APP_ROWS
from .checks import (
    ABSOLUTE_PATH,
    ABSOLUTE_PATH_OR_DRIVE,
    NAME,
    OSS_FILE,
    OSS_FOLDER,
    OSS_PATH,
)
from .facts import MAX_PRIORITY, MAX_TASKS
from .machine_rules import JOB_EVENTS, configs, mounts, notification, price

#: The service ends this one message with two full stops.
TASK_NAME = replace(NAME, tail=NAME.tail + ".")

LOCALES = ("GBK", "GB2312-80", "BIG5", "ANSI", "EUC-JP", "EUC-TW", "EUC-KR", "SHIFT-JIS", "KSC5601")

#: Fields whose absence is an error of its own, ``Missing{Name}``.
REQUIRED = frozenset(
    {
        "Name",
        "Type",
        "DAG",
        "DAG.Tasks",
        "DAG.Tasks.{task}.Parameters",
        "DAG.Tasks.{task}.Parameters.Command",
        "DAG.Tasks.{task}.Parameters.Command.CommandLine",
        "DAG.Tasks.{task}.InstanceCount",
    }
)


_TASK = "DAG.Tasks.{task}"


def _task(field: str, *checks: Check) -> Row:
    return f"{_TASK}.{field}", checks


ROWS: tuple[Row, ...] = (
    ("Name", (STRING, length(1, 64), NAME)),
    ("Description", (STRING, length(0, 1024))),
    ("Type", (one_of("DAG", "App"),)),
    ("Priority", (INTEGER, number_range(0, MAX_PRIORITY))),
    ("JobFailOnInstanceFail", (BOOLEAN,)),
    ("AutoRelease", (BOOLEAN,)),  # ours
    *APP_ROWS,  # ours
    *notification(JOB_EVENTS),  # ours
    ("DAG", (OBJECT,)),
    ("DAG.Tasks", (OBJECT, size(1, MAX_TASKS))),
    ("DAG.Tasks.{task}", (length(1, 64), TASK_NAME)),
    ("DAG.Tasks.{task}.value", (OBJECT,)),  # ours
    _task("Parameters", OBJECT),
    _task("Parameters.Command", OBJECT),
    _task("Parameters.Command.CommandLine", STRING, length(0, 1024)),
    _task("Parameters.Command.PackagePath", STRING, length(0, 1024), OSS_FILE),
    _task("Parameters.Command.EnvVars", OBJECT, size(0, 64)),
    _task("Parameters.Command.EnvVars.{key}", length(1, 128)),
    _task("Parameters.Command.EnvVars.{key}.value", STRING, length(0, 1024)),
    _task("Parameters.Command.Docker", OBJECT),  # ours, as the next two
    _task("Parameters.Command.Docker.Image", STRING),
    _task("Parameters.Command.Docker.RunMode", STRING),
    _task("Parameters.InputMappingConfig", OBJECT),
    _task("Parameters.InputMappingConfig.Locale", one_of(*LOCALES)),
    _task("Parameters.InputMappingConfig.Lock", BOOLEAN),
    _task("Parameters.StdoutRedirectPath", STRING, length(0, 1024), OSS_FOLDER),
    _task("Parameters.StderrRedirectPath", STRING, length(0, 1024), OSS_FOLDER),
    _task("InputMapping", OBJECT, size(0, 16)),
    _task("InputMapping.{key}", length(1, 1024), OSS_PATH),
    _task("InputMapping.{key}.value", STRING, length(0, 1024), ABSOLUTE_PATH_OR_DRIVE),
    _task("OutputMapping", OBJECT, size(0, 16)),
    _task("OutputMapping.{key}", length(1, 1024), ABSOLUTE_PATH),
    _task("OutputMapping.{key}.value", STRING, length(0, 1024), OSS_PATH),
    _task("LogMapping", OBJECT, size(0, 16)),
    _task("LogMapping.{key}", length(1, 1024), ABSOLUTE_PATH),
    _task("LogMapping.{key}.value", STRING, length(0, 1024), OSS_FOLDER),
    _task("InstanceCount", INTEGER, at_least(1)),
    _task("Timeout", INTEGER, at_least(1)),
    _task("MaxRetryCount", INTEGER, at_least(0)),
    _task("ClusterId", STRING, length(1, 64), NAME),
    _task("WriteSupport", BOOLEAN),  # ours, as all to the end of the task
    _task("TaskName", STRING),
    _task("CredentialConfig", OBJECT),
    *mounts(f"{_TASK}.Mounts"),
    _task("AutoCluster", OBJECT),
    _task("AutoCluster.ImageId", STRING),
    _task("AutoCluster.ECSImageId", STRING),
    _task("AutoCluster.InstanceType", STRING),
    _task("AutoCluster.ClusterId", STRING),
    *price(f"{_TASK}.AutoCluster"),
    _task("AutoCluster.UserData", OBJECT),
    _task("AutoCluster.ReserveOnFail", BOOLEAN),
    _task("AutoCluster.DependencyIsvService", STRING),
    *configs(f"{_TASK}.AutoCluster.Configs"),
    ("DAG.Dependencies", (OBJECT,)),
    ("DAG.Dependencies.{key}", (length(1, 64),)),  # ours
    ("DAG.Dependencies.{key}.value", (ARRAY,)),
    ("DAG.Dependencies.{key}.value.[]", (STRING,)),  # ours
)
