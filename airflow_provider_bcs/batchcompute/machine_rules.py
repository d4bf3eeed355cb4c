"""Rows for what jobs and clusters share: machines, their disks, mounts and network, and where events go.

All of these are ours, see :mod:`.rule_table`; each function returns the rows of one field.
"""

from __future__ import annotations

from airflow_provider_bcs.description.checks import (
    ARRAY,
    BOOLEAN,
    INTEGER,
    NUMBER,
    OBJECT,
    STRING,
    Check,
    at_least,
    one_of,
)
from airflow_provider_bcs.description.rules import Row, Wording
from airflow_provider_bcs.http.facts import invalid_parameter, missing_parameter

from .checks import ABSOLUTE_PATH_OR_DRIVE, MOUNT_SOURCE, THREE_DECIMALS
from .facts import STATES

WORDING = Wording(
    invalid=invalid_parameter,
    missing=missing_parameter,
)
#: Below these stand keys, tokens and what an author hides in variables.
SECRET = ("EnvVars", "UserData", "OSS", "CredentialConfig", "Inputs")

RESOURCE_TYPES = ("OnDemand", "Spot", "PrePaid")
DISK_TYPES = ("cloud", "cloud_efficiency", "cloud_ssd", "ephemeral", "ephemeral_ssd")
STATE_EVENTS = tuple(f"On{scope}{state}" for scope in ("Job", "Task", "Instance") for state in STATES)
CLUSTER_EVENTS = ("OnClusterDeleted", "OnInstanceCreated", "OnInstanceActive")
# The cluster's events are legal in a job's topic too: a job with an AutoCluster makes a cluster.
JOB_EVENTS = (*STATE_EVENTS, "OnPriorityChange", *CLUSTER_EVENTS)

#: The fields that connect a VPC to another.
VPC_CONNECTION = (
    "ExpressConnectSpec",
    "OppositeRegionId",
    "OppositeAccessPointId",
    "OppositeRouterType",
    "OppositeRouterId",
    "OppositeInterfaceId",
)
_ANY_SIZE = at_least(0)


def notification(events: tuple[str, ...]) -> tuple[Row, ...]:
    """:param events: the words that may stand in Events"""
    return (
        ("Notification", (OBJECT,)),
        ("Notification.Topic", (OBJECT,)),
        ("Notification.Topic.Name", (STRING,)),
        ("Notification.Topic.Endpoint", (STRING,)),
        ("Notification.Topic.Events", (ARRAY,)),
        ("Notification.Topic.Events.[]", (STRING, one_of(*events))),
        ("Notification.Topic.UserData", (STRING,)),
        ("Notification.Topic.UserTemplate", (STRING,)),
    )


def price(parent: str) -> tuple[Row, ...]:
    """Return the rows of ResourceType and of the two Spot fields."""
    return (
        (f"{parent}.ResourceType", (STRING, one_of(*RESOURCE_TYPES))),
        (f"{parent}.SpotStrategy", (STRING, one_of("SpotWithPriceLimit", "SpotAsPriceGo"))),
        (f"{parent}.SpotPriceLimit", (NUMBER, THREE_DECIMALS)),
    )


def mounts(path: str) -> tuple[Row, ...]:
    """Return the rows of a Mounts object."""
    return (
        (path, (OBJECT,)),
        (f"{path}.Entries", (ARRAY,)),
        (f"{path}.Entries.[]", (OBJECT,)),
        (f"{path}.Entries.[].Source", (STRING, MOUNT_SOURCE)),
        (f"{path}.Entries.[].Destination", (STRING, ABSOLUTE_PATH_OR_DRIVE)),
        (f"{path}.Entries.[].WriteSupport", (BOOLEAN,)),
        (f"{path}.Locale", (STRING,)),
        (f"{path}.Lock", (BOOLEAN,)),
        (f"{path}.CacheSupport", (BOOLEAN,)),
        (f"{path}.CacheBlockSize", (INTEGER,)),
        (f"{path}.CacheTotalSize", (INTEGER,)),
        (f"{path}.RefreshStrategy", (STRING,)),
        (f"{path}.RefreshTopicName", (STRING,)),
        (f"{path}.RefreshTimeOut", (NUMBER,)),
        (f"{path}.NasMetaCache", (BOOLEAN,)),
        (f"{path}.NAS", (OBJECT,)),
        (f"{path}.NAS.AccessGroup", (ARRAY,)),
        (f"{path}.NAS.FileSystem", (ARRAY,)),
        (f"{path}.OSS", (OBJECT,)),
        (f"{path}.OSS.AccessKeyId", (STRING,)),
        (f"{path}.OSS.AccessKeySecret", (STRING,)),
        # The sources disagree on the token's name, so both are read.
        (f"{path}.OSS.AccessSecurityToken", (STRING,)),
        (f"{path}.OSS.SecurityToken", (STRING,)),
    )


def configs(path: str, system_size: Check = _ANY_SIZE, data_size: Check = _ANY_SIZE) -> tuple[Row, ...]:
    """Return the rows of a Configs object.

    :param system_size: check on the Size of the system disk
    :param data_size: check on the Size of the data disk
    """
    classic = ("AllowIpAddress", "AllowIpAddressEgress", "AllowSecurityGroup", "AllowSecurityGroupEgress")
    return (
        (path, (OBJECT,)),
        (f"{path}.Disks", (OBJECT,)),
        (f"{path}.Disks.SystemDisk", (OBJECT,)),
        (f"{path}.Disks.SystemDisk.Type", (STRING, one_of(*DISK_TYPES))),
        (f"{path}.Disks.SystemDisk.Size", (INTEGER, system_size)),
        (f"{path}.Disks.DataDisk", (OBJECT,)),
        (f"{path}.Disks.DataDisk.Type", (STRING, one_of(*DISK_TYPES))),
        (f"{path}.Disks.DataDisk.Size", (INTEGER, data_size)),
        (f"{path}.Disks.DataDisk.MountPoint", (STRING, ABSOLUTE_PATH_OR_DRIVE)),
        *mounts(f"{path}.Mounts"),
        (f"{path}.Networks", (OBJECT,)),
        (f"{path}.Networks.Classic", (OBJECT,)),
        *((f"{path}.Networks.Classic.{field}", (ARRAY,)) for field in classic),
        (f"{path}.Networks.VPC", (OBJECT,)),
        *((f"{path}.Networks.VPC.{field}", (STRING,)) for field in ("CidrBlock", "VpcId", *VPC_CONNECTION)),
    )
