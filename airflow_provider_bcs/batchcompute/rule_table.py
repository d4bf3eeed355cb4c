"""The rules of a job description, as tables; see :mod:`airflow_provider_bcs.description.rules`.

Fields and types follow from the models. This module holds the rest: limits, and required fields. Codes and messages
follow from a row as in the service's CreateJob error table. Rows marked "assumed" have no counterpart there; the
service reports them as the table's general row ``Invalid{Parameter}``. The page of app jobs has no error table.
"""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_bcs.description.checks import Check, at_least, length, number_range, one_of, size
from airflow_provider_bcs.description.rules import Row, RuleTable
from airflow_provider_bcs.description.type_rows import type_rows

from .app.limits import SETTINGS
from .checks import ABSOLUTE_PATH_OR_DRIVE, ABSOLUTE_PATH_OR_WINDOWS, NAME, OSS_FILE, OSS_FOLDER, OSS_PATH
from .facts import MAX_PARAMETERS, MAX_PRIORITY, MAX_TASKS, MAX_VARIABLE_LENGTH, MAX_VARIABLES
from .job import JobDescription
from .machine_rules import JOB_EVENTS, config_limits, mount_limits, price_limits, topic_limits
from .wording import SECRET, WORDING

#: The service ends this one message with two full stops.
TASK_NAME = replace(NAME, tail=NAME.tail + ".")

LOCALES = ("GBK", "GB2312-80", "BIG5", "ANSI", "EUC-JP", "EUC-TW", "EUC-KR", "SHIFT-JIS", "KSC5601")

_TASK = "DAG.Tasks.{key}"
#: The vendor's command-line tool writes UTF-8, which the page lacks.
LOCALE = Check(
    lambda value: value in LOCALES or (isinstance(value, str) and value.upper() in ("UTF-8", "UTF8")),
    "",
    f"one of {', '.join(LOCALES)}, UTF-8",
)
_COMMAND_LINE = f"{_TASK}.Parameters.Command.CommandLine"
#: Fields for which the service's table has no row about the type.
_UNTYPED = ("Type", f"{_TASK}.Parameters.InputMappingConfig.Locale")

#: Fields that the translator and the operators read.
_NEEDED = (
    *("Name", "Type", "DAG", "DAG.Tasks", _TASK, f"{_TASK}.Parameters", f"{_TASK}.Parameters.Command", _COMMAND_LINE),
    *(f"{_TASK}.OutputMapping", "DAG.Dependencies", "DAG.Dependencies.{key}"),
)
#: Fields whose absence is an error of its own, ``Missing{Name}``.
REQUIRED = (
    "Name",
    "Type",
    "DAG",
    "DAG.Tasks",
    f"{_TASK}.Parameters",
    f"{_TASK}.Parameters.Command",
    _COMMAND_LINE,
    f"{_TASK}.InstanceCount",
)


def _task(field: str, *checks: Check) -> Row:
    return f"{_TASK}.{field}", checks


_COMMON_LIMITS: tuple[Row, ...] = (
    ("Type", (one_of("DAG", "App"),)),
    ("Priority", (number_range(0, MAX_PRIORITY),)),
    # A public app's name has the prefix ":" or "Public:".
    ("App.AppName", (length(1, 1024),)),  # assumed, as all of App
    ("App.Inputs", (size(0, MAX_PARAMETERS),)),
    ("App.Outputs", (size(0, MAX_PARAMETERS),)),
    ("App.Logging.StdoutPath", (OSS_PATH,)),
    ("App.Logging.StderrPath", (OSS_PATH,)),
    *((f"App.Config.{name}", checks) for name, checks in SETTINGS.items()),
    ("App.Config.ClusterId", (length(1, 64),)),
    *topic_limits(JOB_EVENTS),  # assumed
)
LIMITS: tuple[Row, ...] = (
    *_COMMON_LIMITS,
    ("Name", (length(1, 64), NAME)),
    ("Description", (length(0, 1024),)),
    ("DAG.Tasks", (size(1, MAX_TASKS),)),
    (_TASK, (length(1, 64), TASK_NAME)),
    _task("Parameters.Command.CommandLine", length(0, 1024)),
    _task("Parameters.Command.PackagePath", length(0, 1024), OSS_FILE),
    _task("Parameters.Command.EnvVars", size(0, MAX_VARIABLES)),
    _task("Parameters.Command.EnvVars.{key}", length(1, 128)),
    _task("Parameters.Command.EnvVars.{key}.value", length(0, MAX_VARIABLE_LENGTH)),
    _task("Parameters.InputMappingConfig.Locale", LOCALE),
    _task("Parameters.StdoutRedirectPath", length(0, 1024), OSS_FOLDER),
    _task("Parameters.StderrRedirectPath", length(0, 1024), OSS_FOLDER),
    _task("InputMapping", size(0, 16)),
    _task("InputMapping.{key}", length(1, 1024), OSS_PATH),
    _task("InputMapping.{key}.value", length(0, 1024), ABSOLUTE_PATH_OR_DRIVE),
    _task("OutputMapping", size(0, 16)),
    _task("OutputMapping.{key}", length(1, 1024), ABSOLUTE_PATH_OR_WINDOWS),
    _task("OutputMapping.{key}.value", length(0, 1024), OSS_PATH),
    _task("LogMapping", size(0, 16)),
    _task("LogMapping.{key}", length(1, 1024), ABSOLUTE_PATH_OR_WINDOWS),
    _task("LogMapping.{key}.value", length(0, 1024), OSS_FOLDER),
    _task("InstanceCount", at_least(1)),
    _task("Timeout", at_least(1)),
    _task("MaxRetryCount", at_least(0)),
    _task("ClusterId", length(1, 64), NAME),
    *mount_limits(f"{_TASK}.Mounts"),  # assumed, as all to the end of the task
    *price_limits(f"{_TASK}.AutoCluster"),
    *config_limits(f"{_TASK}.AutoCluster.Configs"),
    ("DAG.Dependencies.{key}", (length(1, 64),)),  # assumed
)
_APP_LIMITS: tuple[Row, ...] = (*_COMMON_LIMITS, ("Name", (length(1, 100),)), ("Description", (length(0, 1000),)))

_TYPES: tuple[Row, ...] = tuple(
    (path, () if path in _UNTYPED else checks) for path, checks in type_rows(JobDescription)
)

TABLE = RuleTable(
    (*_TYPES, *LIMITS),
    WORDING,
    required=REQUIRED,
    # The range of its length begins with 0: an empty CommandLine is legal, and present.
    may_be_empty=(_COMMAND_LINE,),
    needed=_NEEDED,
    secret=SECRET,
)
#: The rules of a job of Type App, which has no DAG.
APP_TABLE = RuleTable(
    (*(row for row in _TYPES if row[0].partition(".")[0] != "DAG"), *_APP_LIMITS),
    WORDING,
    required=("Name", "Type", "App", "App.AppName"),
    needed=("Name", "Type"),
    secret=SECRET,
)
