"""Fields of a job of the first API (2015-06-30), and their paths in the second API (2015-11-11).

Source: the job page of the first API's Python SDK; the fields without a counterpart: its Node SDK.
"""

from __future__ import annotations

import re

JOB = {"JobName": "Name", "Description": "Description", "Priority": "Priority", "TaskDag": "DAG"}
DAG = {"TaskDescMap": "Tasks", "Dependencies": "Dependencies"}
TASK = {
    "PackageUri": "Parameters.Command.PackagePath",
    "EnvironmentVariables": "Parameters.Command.EnvVars",
    "StdoutRedirectPath": "Parameters.StdoutRedirectPath",
    "StderrRedirectPath": "Parameters.StderrRedirectPath",
    "OssMappingLock": "Parameters.InputMappingConfig.Lock",
    "OssMappingLocale": "Parameters.InputMappingConfig.Locale",
    "OssMapping": "InputMapping",
    "InstanceCount": "InstanceCount",
    "Timeout": "Timeout",
    "ImageId": "AutoCluster.ImageId",
}
#: Fields of a task that the conversion combines into other fields.
PROGRAM = ("ProgramName", "ProgramType", "ProgramArguments")
RESOURCE = ("Cpu", "Memory")
DERIVED = (*PROGRAM, "ResourceDescription")

JOB_WITHOUT_COUNTERPART = ("JobTag", "ZoneId")
TASK_WITHOUT_COUNTERPART = (
    # The page has it in an example, but not in its table of fields.
    "Priority",
    # Older tools write an empty one.
    "ZoneId",
    # Internal fields of the service, which its answers contain.
    *("BlockDeviceMapping", "CreateSnapshotAfterTerminated", "LoadImage", "SaveImage"),
    *("LoadPreparedData", "MaxReplica", "MinReplica"),
)

_TASK_BACK = {second: first for first, second in TASK.items()} | {
    "Parameters.Command.CommandLine": "ProgramName",
    "AutoCluster.InstanceType": "ResourceDescription",
}
_BACK = {"DAG.Tasks": "TaskDag.TaskDescMap", "DAG.Dependencies": "TaskDag.Dependencies", "DAG": "TaskDag"} | {
    "Name": "JobName"
}
# Before validation, the name of a task may hold any character.
_TASK_PATH = re.compile(rf"(DAG\.Tasks\..+?)\.({'|'.join(map(re.escape, _TASK_BACK))})(\..+)?", re.DOTALL)


def v1_path(path: str) -> str:
    """Return the path in a file of the first API for a path in the converted job.

    >>> v1_path("DAG.Tasks.Find.InputMapping")
    'TaskDag.TaskDescMap.Find.OssMapping'
    """
    if found := _TASK_PATH.fullmatch(path):
        task, second, rest = found.groups()
        path = f"{task}.{_TASK_BACK[second]}{rest or ''}"
    for second, first in _BACK.items():
        if path == second or path.startswith(f"{second}."):
            return first + path.removeprefix(second)
    return path
