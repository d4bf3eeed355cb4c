"""Limits of the settings of an app, which an app has defaults for and a job may set.

Source: the app pages of the API and its Python SDK, which have no error table.
"""

from __future__ import annotations

from airflow_provider_bcs.batchcompute.machine_rules import DISK_TYPES, RESOURCE_TYPES
from airflow_provider_bcs.description.checks import Check, at_least, one_of

#: Setting -> the checks on its value besides its type.
SETTINGS: dict[str, tuple[Check, ...]] = {
    "ResourceType": (one_of(*RESOURCE_TYPES),),
    "InstanceCount": (at_least(1),),
    "MinDiskSize": (at_least(0),),
    "DiskType": (one_of(*DISK_TYPES),),
    "MinDataDiskSize": (at_least(0),),
    "DataDiskType": (one_of(*DISK_TYPES),),
    "MaxRetryCount": (at_least(0),),
    "Timeout": (at_least(1),),
}
