"""Fate of each field of a BatchCompute job on PAI-DLC; a test compares the table with the models."""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_bcs.container.field_table import (
    CACHE_FIELDS,
    FIELDS_OF_CONTAINERS,
    MOUNTS,
    Fate,
    FieldTable,
    Lost,
)

_NETWORK = Lost("A pod has no such network.", "UserVpc in dlc_job", replaced_by="UserVpc")
#: The vendor's SDK and command-line tool write this range into every job that names no network.
_DEFAULT_RANGE = "192.168.0.0/16"
_OF_MOUNTS: dict[str, Fate] = {
    "NAS": Lost("A mount has no access group.", "UserVpc in dlc_job", replaced_by="UserVpc"),
    "OSS": Lost(
        "A mount has no keys of its own; the workspace's role reads and writes.",
        "CredentialConfig in dlc_job",
        replaced_by="CredentialConfig",
    ),
}


def _with_options(fate: Fate) -> Fate:
    """Name the field of PAI-DLC that sets a cache."""
    return replace(fate, expected="no value, and Options in dlc_job") if isinstance(fate, Lost) else fate


#: Paths of task fields begin below ``DAG.Tasks.{task}``.
FIELDS = FieldTable(
    {
        **FIELDS_OF_CONTAINERS,
        **{
            path: _with_options(FIELDS_OF_CONTAINERS[path])
            for path in (f"{mounts}.{name}" for mounts in MOUNTS for name in CACHE_FIELDS)
        },
        **{f"{mounts}.{name}": fate for mounts in MOUNTS for name, fate in _OF_MOUNTS.items()},
        "Name": "DisplayName",
        "Description": "Description",
        "Priority": "Priority",
        "AutoRelease": "the operator deletes the job",
        "Notification": Lost("A job sends no messages.", "Airflow's callbacks"),
        "ClusterId": "ResourceId of dlc_job",
        "CredentialConfig": Lost(
            "The two services' roles differ.", "CredentialConfig in dlc_job", replaced_by="CredentialConfig"
        ),
        "AutoCluster.InstanceType": "JobSpecs.EcsSpec or ResourceConfig",
        "AutoCluster.ResourceType": "JobSpecs.SpotSpec or ElasticSpotSpecs",
        "AutoCluster.SpotStrategy": "JobSpecs.SpotSpec or ElasticSpotSpecs",
        "AutoCluster.SpotPriceLimit": "JobSpecs.SpotSpec",
        "AutoCluster.Configs.Disks.SystemDisk.Type": "JobSpecs.SystemDisk.Category",
        "AutoCluster.Configs.Disks.SystemDisk.Size": "JobSpecs.SystemDisk.Size",
        "AutoCluster.Configs.Disks.DataDisk": Lost("A pod has no data disk.", "a larger SystemDisk, or a NAS mount"),
        "AutoCluster.Configs.Networks.Classic": _NETWORK,
        "AutoCluster.Configs.Networks.VPC": replace(_NETWORK, harmless=(_DEFAULT_RANGE,)),
        "AutoCluster.ReserveOnFail": "Settings.JobReservedPolicy",
        "AutoCluster.ClusterId": "ResourceId of dlc_job",
    }
)
