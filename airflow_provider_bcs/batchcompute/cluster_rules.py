"""Check descriptions of clusters and images.

Source: the CreateCluster, ModifyCluster and CreateImage pages of the API and its Python SDK. Their error tables are
known in part only; the rest follows the general rows ``Invalid{Parameter}`` and ``Missing{Parameter}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_bcs.description.checks import (
    BOOLEAN,
    INTEGER,
    OBJECT,
    STRING,
    Check,
    length,
    number_range,
    one_of,
)
from airflow_provider_bcs.description.rules import Row, RuleTable, is_absent
from airflow_provider_bcs.description.source import JobSource
from airflow_provider_bcs.description.template import is_template
from airflow_provider_bcs.description.violation import Violation

from .checks import NAME
from .facts import MAX_VM_COUNT
from .machine_rules import CLUSTER_EVENTS, SECRET, VPC_CONNECTION, WORDING, configs, notification, price
from .rules import check_description

# The service's text begins at 1, but it takes 0: its own SDKs' tests empty a group like this.
_VM_COUNT = Check(
    lambda value: 0 <= value <= MAX_VM_COUNT,
    f"It must be in [1, {MAX_VM_COUNT}].",
    f"a number from 0 to {MAX_VM_COUNT}",
)
_NOT_EMPTY = Check(lambda value: len(value) > 0, "", "at least one group")
_GROUP = "Groups.{group}"
_NAME: Row = ("Name", (STRING, length(1, 64), NAME))
_DESCRIPTION: Row = ("Description", (STRING, length(0, 1024)))

_GROUP_ROWS: tuple[Row, ...] = (
    (_GROUP, (length(1, 64), NAME)),
    (f"{_GROUP}.value", (OBJECT,)),
    (f"{_GROUP}.DesiredVMCount", (INTEGER, _VM_COUNT)),
    (f"{_GROUP}.InstanceType", (STRING,)),
    *price(_GROUP),
    (f"{_GROUP}.HostnamePrefix", (STRING,)),
    (f"{_GROUP}.ImageId", (STRING,)),
    (f"{_GROUP}.Mode", (STRING,)),
)
_CLUSTER_ROWS: tuple[Row, ...] = (
    _NAME,
    _DESCRIPTION,
    ("ImageId", (STRING,)),
    ("InstanceType", (STRING,)),
    ("Groups", (OBJECT, _NOT_EMPTY)),
    *_GROUP_ROWS,
    *configs("Configs", number_range(40, 500), number_range(5, 1024)),
    ("UserData", (OBJECT,)),
    ("EnvVars", (OBJECT,)),
    *notification(CLUSTER_EVENTS),
    ("Bootstrap", (STRING,)),
    ("ScheduleType", (STRING,)),
    ("PasswordInherit", (BOOLEAN,)),
    ("DependencyIsvService", (STRING,)),
)
_CHANGEABLE = (
    *("UserData", "EnvVars", "ImageId", "Configs", "Configs.Mounts", "Groups", _GROUP, f"{_GROUP}.value"),
    *(f"{_GROUP}.{field}" for field in ("DesiredVMCount", "InstanceType", "SpotStrategy", "SpotPriceLimit")),
)
_CHANGE_ROWS: tuple[Row, ...] = (
    *(row for row in _CLUSTER_ROWS if row[0] in _CHANGEABLE or row[0].startswith("Configs.Mounts.")),
    ("InputMapping", (OBJECT,)),
)
_IMAGE_ROWS: tuple[Row, ...] = (
    _NAME,
    _DESCRIPTION,
    ("EcsImageId", (STRING, length(1, 64))),
    ("Platform", (STRING, one_of("Linux", "Windows"))),
    # The SDK's other way to give the token of a creation.
    ("IdempotentToken", (STRING, length(1, 64))),
)

_CLUSTER = RuleTable(
    _CLUSTER_ROWS, WORDING, required=("Name", "ImageId", "Groups", f"{_GROUP}.DesiredVMCount"), secret=SECRET
)
_CHANGE = RuleTable(_CHANGE_ROWS, WORDING, secret=SECRET)
_IMAGE = RuleTable(_IMAGE_ROWS, WORDING, required=("Name", "EcsImageId", "Platform"))


def validate_cluster(cluster: JobSource, *, templates: bool = True) -> list[Violation]:
    """Check the description of a cluster against every rule the service is known to apply.

    :param cluster: a dict, JSON text, the path of a ``.json``/``.yaml``/``.yml`` file, or an object with ``detail()``
    :param templates: leave values alone that hold a Jinja template, since they are known only after rendering
    :return: all violations, in the order of the table; empty when the description is valid
    :raises JobSourceError: when ``cluster`` is a file that cannot be read
    """
    found, description = check_description(_CLUSTER, cluster, templates=templates)
    return found + list(_validate_configs(description.get("Configs"), templates))


def validate_cluster_change(change: JobSource, *, templates: bool = True) -> list[Violation]:
    """Check what a cluster is to be changed to: the same rules, fewer fields, none of them mandatory."""
    return check_description(_CHANGE, change, templates=templates)[0]


def validate_image(image: JobSource, *, templates: bool = True) -> list[Violation]:
    """Check the description of an image; parameters and result are those of :func:`validate_cluster`."""
    return check_description(_IMAGE, image, templates=templates)[0]


def _validate_configs(configs: Any, templates: bool) -> Iterator[Violation]:
    vpc, disks = _object(_object(configs, "Networks"), "VPC"), _object(configs, "Disks")
    if any(not is_absent(vpc.get(field)) for field in VPC_CONNECTION):
        # Only these three of the six have an error of their own.
        for field in ("OppositeRouterId", "OppositeAccessPointId", "OppositeRegionId"):
            if is_absent(vpc.get(field)):
                path = f"Configs.Networks.VPC.{field}"
                yield Violation(path, *WORDING.missing(path), "The fields that connect two VPCs go together.")
    system, data = (_object(disks, name).get("Type") for name in ("SystemDisk", "DataDisk"))
    if not any(is_absent(kind) or (templates and is_template(kind)) for kind in (system, data)) and system != data:
        yield Violation(
            "Configs.Disks.DataDisk.Type",
            *WORDING.invalid("Type", ""),
            f"Found {data!r}; right is the type of the system disk, {system!r}.",
        )


def _object(parent: Any, field: str) -> Mapping[str, Any]:
    found = parent.get(field) if isinstance(parent, Mapping) else None
    return found if isinstance(found, Mapping) else {}
