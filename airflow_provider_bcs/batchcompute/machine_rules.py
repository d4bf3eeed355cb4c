"""Limits that jobs and clusters share: events of a topic, prices, mounts and disks.

The error table of CreateJob has no rows for these fields, so the limits are assumed: the service reports them, as the
general row ``Invalid{Parameter}``. Each function returns the rows of one field; the types follow from the models.
"""

from __future__ import annotations

from airflow_provider_bcs.description.checks import Check, at_least, one_of
from airflow_provider_bcs.description.rules import Row

from .checks import ABSOLUTE_PATH_OR_DRIVE, MOUNT_SOURCE, THREE_DECIMALS
from .facts import STATES

RESOURCE_TYPES = ("OnDemand", "Spot", "PrePaid")
DISK_TYPES = ("cloud", "cloud_efficiency", "cloud_ssd", "ephemeral", "ephemeral_ssd")
STATE_EVENTS = tuple(f"On{scope}{state}" for scope in ("Job", "Task", "Instance") for state in STATES)
CLUSTER_EVENTS = ("OnClusterDeleted", "OnInstanceCreated", "OnInstanceActive")
# A job with an AutoCluster makes a cluster, so its topic may name the events of clusters too.
JOB_EVENTS = (*STATE_EVENTS, "OnPriorityChange", *CLUSTER_EVENTS)

#: The fields that connect a VPC to another one; they go together.
VPC_CONNECTION = (
    "ExpressConnectSpec",
    "OppositeRegionId",
    "OppositeAccessPointId",
    "OppositeRouterType",
    "OppositeRouterId",
    "OppositeInterfaceId",
)
_ANY_SIZE = at_least(0)


def topic_limits(events: tuple[str, ...]) -> tuple[Row, ...]:
    """Return the limits of Notification.

    :param events: the words that Events may hold
    """
    return (("Notification.Topic.Events.[]", (one_of(*events),)),)


def price_limits(parent: str) -> tuple[Row, ...]:
    """Return the limits of ResourceType and of the two Spot fields.

    :param parent: path of the object that holds them
    """
    return (
        (f"{parent}.ResourceType", (one_of(*RESOURCE_TYPES),)),
        (f"{parent}.SpotStrategy", (one_of("SpotWithPriceLimit", "SpotAsPriceGo"),)),
        (f"{parent}.SpotPriceLimit", (THREE_DECIMALS,)),
    )


def mount_limits(path: str) -> tuple[Row, ...]:
    """Return the limits of a Mounts object."""
    return (
        (f"{path}.Entries.[].Source", (MOUNT_SOURCE,)),
        (f"{path}.Entries.[].Destination", (ABSOLUTE_PATH_OR_DRIVE,)),
    )


def config_limits(path: str, system_size: Check = _ANY_SIZE, data_size: Check = _ANY_SIZE) -> tuple[Row, ...]:
    """Return the limits of a Configs object.

    :param system_size: check on the Size of the system disk, in GB
    :param data_size: check on the Size of the data disk, in GB
    """
    return (
        (f"{path}.Disks.SystemDisk.Type", (one_of(*DISK_TYPES),)),
        (f"{path}.Disks.SystemDisk.Size", (system_size,)),
        (f"{path}.Disks.DataDisk.Type", (one_of(*DISK_TYPES),)),
        (f"{path}.Disks.DataDisk.Size", (data_size,)),
        (f"{path}.Disks.DataDisk.MountPoint", (ABSOLUTE_PATH_OR_DRIVE,)),
        *mount_limits(f"{path}.Mounts"),
    )
