"""The fields of a job of the first API (2015-06-30), and where each stands in one of the second (2015-11-11).

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
#: The fields of a task of which one of another kind is made.
PROGRAM = ("ProgramName", "ProgramType", "ProgramArguments")
RESOURCE = ("Cpu", "Memory")
DERIVED = (*PROGRAM, "ResourceDescription")

JOB_WITHOUT_COUNTERPART = ("JobTag",)
TASK_WITHOUT_COUNTERPART = (
    # The page sets it in an example, though its table has no such field.
    "Priority",
    # Internal to the service, but in the descriptions it gave back.
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
# A task's name may hold anything as long as nobody has validated it.
_TASK_PATH = re.compile(rf"(DAG\.Tasks\..+?)\.({'|'.join(map(re.escape, _TASK_BACK))})(\..+)?", re.DOTALL)


def v1_path(path: str) -> str:
    """Return where in a file of the first API that stands which a violation of the converted job is about."""
    if found := _TASK_PATH.fullmatch(path):
        task, second, rest = found.groups()
        path = f"{task}.{_TASK_BACK[second]}{rest or ''}"
    for second, first in _BACK.items():
        if path == second or path.startswith(f"{second}."):
            return first + path.removeprefix(second)
    return path
