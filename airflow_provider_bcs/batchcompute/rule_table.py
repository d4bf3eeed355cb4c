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
    NUMBER,
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

from .checks import (
    ABSOLUTE_PATH,
    ABSOLUTE_PATH_OR_DRIVE,
    MOUNT_SOURCE,
    NAME,
    OSS_FILE,
    OSS_FOLDER,
    OSS_PATH,
    THREE_DECIMALS,
)

MAX_TASKS = 16

#: The service ends this one message with two full stops.
TASK_NAME = replace(NAME, tail=NAME.tail + ".")

LOCALES = ("GBK", "GB2312-80", "BIG5", "ANSI", "EUC-JP", "EUC-TW", "EUC-KR", "SHIFT-JIS", "KSC5601")
DISK_TYPES = ("cloud", "cloud_efficiency", "cloud_ssd", "ephemeral", "ephemeral_ssd")
STATE_EVENTS = tuple(
    f"On{scope}{state}"
    for scope in ("Job", "Task", "Instance")
    for state in ("Waiting", "Running", "Stopped", "Finished", "Failed")
)
# The cluster's events are legal in a job's topic too: a job with an AutoCluster makes a cluster.
EVENTS = (*STATE_EVENTS, "OnPriorityChange", "OnClusterDeleted", "OnInstanceCreated", "OnInstanceActive")

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


def _task(field: str, *checks: Check) -> Row:
    return f"DAG.Tasks.{{task}}.{field}", checks


def _mounts(parent: str) -> tuple[Row, ...]:
    """The rows of a Mounts object; all ours."""
    return (
        _task(parent, OBJECT),
        _task(f"{parent}.Entries", ARRAY),
        _task(f"{parent}.Entries.[]", OBJECT),
        _task(f"{parent}.Entries.[].Source", STRING, MOUNT_SOURCE),
        _task(f"{parent}.Entries.[].Destination", STRING, ABSOLUTE_PATH_OR_DRIVE),
        _task(f"{parent}.Entries.[].WriteSupport", BOOLEAN),
        _task(f"{parent}.Locale", STRING),
        _task(f"{parent}.Lock", BOOLEAN),
        _task(f"{parent}.CacheSupport", BOOLEAN),
        _task(f"{parent}.CacheBlockSize", INTEGER),
        _task(f"{parent}.CacheTotalSize", INTEGER),
        _task(f"{parent}.RefreshStrategy", STRING),
        _task(f"{parent}.RefreshTopicName", STRING),
        _task(f"{parent}.RefreshTimeOut", NUMBER),
        _task(f"{parent}.NasMetaCache", BOOLEAN),
        _task(f"{parent}.NAS", OBJECT),
        _task(f"{parent}.NAS.AccessGroup", ARRAY),
        _task(f"{parent}.NAS.FileSystem", ARRAY),
        _task(f"{parent}.OSS", OBJECT),
        _task(f"{parent}.OSS.AccessKeyId", STRING),
        _task(f"{parent}.OSS.AccessKeySecret", STRING),
        # The sources disagree on the token's name, so both are read.
        _task(f"{parent}.OSS.AccessSecurityToken", STRING),
        _task(f"{parent}.OSS.SecurityToken", STRING),
    )


ROWS: tuple[Row, ...] = (
    ("Name", (STRING, length(1, 64), NAME)),
    ("Description", (STRING, length(0, 1024))),
    ("Type", (one_of("DAG", "App"),)),
    ("Priority", (INTEGER, number_range(0, 1000))),
    ("JobFailOnInstanceFail", (BOOLEAN,)),
    ("AutoRelease", (BOOLEAN,)),  # ours
    ("App", (OBJECT,)),  # ours
    ("Notification", (OBJECT,)),  # ours, as the next seven
    ("Notification.Topic", (OBJECT,)),
    ("Notification.Topic.Name", (STRING,)),
    ("Notification.Topic.Endpoint", (STRING,)),
    ("Notification.Topic.Events", (ARRAY,)),
    ("Notification.Topic.Events.[]", (STRING, one_of(*EVENTS))),
    ("Notification.Topic.UserData", (STRING,)),
    ("Notification.Topic.UserTemplate", (STRING,)),
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
    *_mounts("Mounts"),
    _task("AutoCluster", OBJECT),
    _task("AutoCluster.ImageId", STRING),
    _task("AutoCluster.ECSImageId", STRING),
    _task("AutoCluster.InstanceType", STRING),
    _task("AutoCluster.ClusterId", STRING),
    _task("AutoCluster.ResourceType", STRING, one_of("OnDemand", "Spot", "PrePaid")),
    _task("AutoCluster.SpotStrategy", STRING, one_of("SpotWithPriceLimit", "SpotAsPriceGo")),
    _task("AutoCluster.SpotPriceLimit", NUMBER, THREE_DECIMALS),
    _task("AutoCluster.UserData", OBJECT),
    _task("AutoCluster.ReserveOnFail", BOOLEAN),
    _task("AutoCluster.DependencyIsvService", STRING),
    _task("AutoCluster.Configs", OBJECT),
    _task("AutoCluster.Configs.Disks", OBJECT),
    _task("AutoCluster.Configs.Disks.SystemDisk", OBJECT),
    _task("AutoCluster.Configs.Disks.SystemDisk.Type", STRING, one_of(*DISK_TYPES)),
    _task("AutoCluster.Configs.Disks.SystemDisk.Size", INTEGER, at_least(0)),
    _task("AutoCluster.Configs.Disks.DataDisk", OBJECT),
    _task("AutoCluster.Configs.Disks.DataDisk.Type", STRING, one_of(*DISK_TYPES)),
    _task("AutoCluster.Configs.Disks.DataDisk.Size", INTEGER, at_least(0)),
    _task("AutoCluster.Configs.Disks.DataDisk.MountPoint", STRING, ABSOLUTE_PATH_OR_DRIVE),
    *_mounts("AutoCluster.Configs.Mounts"),
    _task("AutoCluster.Configs.Networks", OBJECT),
    _task("AutoCluster.Configs.Networks.Classic", OBJECT),
    *(
        _task(f"AutoCluster.Configs.Networks.Classic.{field}", ARRAY)
        for field in (
            "AllowIpAddress",
            "AllowIpAddressEgress",
            "AllowSecurityGroup",
            "AllowSecurityGroupEgress",
        )
    ),
    _task("AutoCluster.Configs.Networks.VPC", OBJECT),
    *(
        _task(f"AutoCluster.Configs.Networks.VPC.{field}", STRING)
        for field in (
            "CidrBlock",
            "VpcId",
            "ExpressConnectSpec",
            "OppositeRegionId",
            "OppositeAccessPointId",
            "OppositeRouterType",
            "OppositeRouterId",
            "OppositeInterfaceId",
        )
    ),
    ("DAG.Dependencies", (OBJECT,)),
    ("DAG.Dependencies.{key}", (length(1, 64),)),  # ours
    ("DAG.Dependencies.{key}.value", (ARRAY,)),
    ("DAG.Dependencies.{key}.value.[]", (STRING,)),  # ours
)
