"""Check descriptions of clusters and images.

Source: the CreateCluster, ModifyCluster and CreateImage pages of the API and its Python SDK. Their error tables are
known in part only; the other codes follow the general rows ``Invalid{Parameter}`` and ``Missing{Parameter}``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from airflow_provider_bcs.batchcompute.checks import NAME
from airflow_provider_bcs.batchcompute.facts import MAX_VM_COUNT
from airflow_provider_bcs.batchcompute.machine_rules import (
    CLUSTER_EVENTS,
    VPC_CONNECTION,
    config_limits,
    price_limits,
    topic_limits,
)
from airflow_provider_bcs.batchcompute.wording import SECRET, WORDING, check_description
from airflow_provider_bcs.description.buckets import bucket_warnings
from airflow_provider_bcs.description.checks import OBJECT, Check, length, number_range, one_of
from airflow_provider_bcs.description.ignore import not_ignored, warnings_not_ignored
from airflow_provider_bcs.description.rules import Row, RuleTable
from airflow_provider_bcs.description.source import CheckedJob, JobSource, PlainDescription, read_description
from airflow_provider_bcs.description.type_rows import type_rows
from airflow_provider_bcs.description.values import is_absent, is_template
from airflow_provider_bcs.description.violation import Violation
from airflow_provider_bcs.exceptions import InvalidJobError

from .description import ClusterDescription, ImageDescription

# The service's message begins at 1, but the service takes 0: the tests of its SDKs empty a group with it.
_VM_COUNT = Check(
    lambda value: 0 <= value <= MAX_VM_COUNT,
    f"It must be in [1, {MAX_VM_COUNT}].",
    f"a number from 0 to {MAX_VM_COUNT}",
)
_NOT_EMPTY = Check(lambda value: len(value) > 0, "", "at least one group")
_GROUP = "Groups.{key}"
_NAME_LIMITS: tuple[Row, ...] = (("Name", (length(1, 64), NAME)), ("Description", (length(0, 1024),)))

_CLUSTER_ROWS: tuple[Row, ...] = (
    *type_rows(ClusterDescription),
    *_NAME_LIMITS,
    ("Groups", (_NOT_EMPTY,)),
    (_GROUP, (length(1, 64), NAME)),
    (f"{_GROUP}.DesiredVMCount", (_VM_COUNT,)),
    *price_limits(_GROUP),
    *config_limits("Configs", number_range(40, 500), number_range(5, 1024)),
    *topic_limits(CLUSTER_EVENTS),
)
_CHANGEABLE = (
    *("UserData", "EnvVars", "ImageId", "Configs", "Configs.Mounts", "Groups", _GROUP, f"{_GROUP}.value"),
    *(f"{_GROUP}.{field}" for field in ("DesiredVMCount", "InstanceType", "SpotStrategy", "SpotPriceLimit")),
)

CLUSTER = RuleTable(
    _CLUSTER_ROWS,
    WORDING,
    required=("Name", "ImageId", "Groups", f"{_GROUP}.DesiredVMCount"),
    needed=("Name",),
    secret=SECRET,
)
CHANGE = RuleTable(
    (
        *(row for row in _CLUSTER_ROWS if row[0] in _CHANGEABLE or row[0].startswith("Configs.Mounts.")),
        # No model has this field: Configs.Mounts has replaced it in descriptions.
        ("InputMapping", (OBJECT,)),
    ),
    WORDING,
    secret=SECRET,
)
IMAGE = RuleTable(
    (
        *type_rows(ImageDescription),
        *_NAME_LIMITS,
        ("EcsImageId", (length(1, 64),)),
        ("Platform", (one_of("Linux", "Windows"),)),
        ("IdempotentToken", (length(1, 64),)),
    ),
    WORDING,
    required=("Name", "EcsImageId", "Platform"),
)


def check_cluster(
    cluster: JobSource, *, templates: bool = True, source: str = "", ignore: Collection[str] = ()
) -> CheckedJob:
    """Read and check the description of a cluster; the result needs neither of them again.

    :param cluster: see :func:`validate_cluster`
    :param templates: skip values with a Jinja template, because Airflow has yet to render them
    :param source: the name of the description in an error, such as a file name
    :param ignore: fields whose violations and warnings are passed over
    :raises InvalidJobError: when the description breaks a rule, with all violations
    :raises JobSourceError: when it is unreadable

    >>> groups = {"workers": {"DesiredVMCount": 2, "InstanceType": "ecs.c5.large"}}
    >>> check_cluster({"Name": "nightly", "ImageId": "img-ubuntu", "Groups": groups})["Name"]
    'nightly'
    """
    content = read_description(cluster)
    if violations := not_ignored(validate_cluster(PlainDescription(content), templates=templates), ignore):
        raise InvalidJobError(violations, source)
    return CheckedJob(content, tuple(warnings_not_ignored(bucket_warnings(content), ignore)))


def validate_cluster(cluster: JobSource, *, templates: bool = True) -> list[Violation]:
    """Check the description of a cluster against all known rules of the service.

    :param cluster: a dict, JSON text, the path of a ``.json``/``.yaml``/``.yml`` file, or an object with ``detail()``
    :param templates: skip values with a Jinja template, because Airflow has yet to render them
    :return: all violations, in the order of the table; empty when the description is valid
    :raises JobSourceError: when ``cluster`` is a file that cannot be read

    >>> group = {"DesiredVMCount": 70_000, "InstanceType": "ecs.c5.large"}
    >>> [found.path for found in validate_cluster({"Name": "c", "ImageId": "img-ubuntu", "Groups": {"g": group}})]
    ['Groups.g.DesiredVMCount']
    """
    found, description = check_description(CLUSTER, cluster, templates=templates)
    return found + list(_validate_configs(description.get("Configs"), templates))


def near_field(name: str) -> str | None:
    """Return None for a field of a cluster, for any other name the end of a sentence with the nearest field."""
    return CLUSTER.near_field(name)


def validate_cluster_change(change: JobSource, *, templates: bool = True) -> list[Violation]:
    """Check the body of ModifyCluster: the rules of a cluster for the fields that can change, none of them required.

    Parameters and result are those of :func:`validate_cluster`.
    """
    return check_description(CHANGE, change, templates=templates)[0]


def validate_image(image: JobSource, *, templates: bool = True) -> list[Violation]:
    """Check the description of an image; parameters and result are those of :func:`validate_cluster`."""
    return check_description(IMAGE, image, templates=templates)[0]


def _validate_configs(configs: Any, templates: bool) -> Iterator[Violation]:
    vpc, disks = _object(_object(configs, "Networks"), "VPC"), _object(configs, "Disks")
    if any(not is_absent(vpc.get(field)) for field in VPC_CONNECTION):
        # The service reports only these three of the six.
        for field in ("OppositeRouterId", "OppositeAccessPointId", "OppositeRegionId"):
            if is_absent(vpc.get(field)):
                path = f"Configs.Networks.VPC.{field}"
                yield Violation(path, *WORDING.missing(path), "Give all fields that connect two VPCs, or none of them.")
    system, data = (_object(disks, name).get("Type") for name in ("SystemDisk", "DataDisk"))
    if not any(is_absent(kind) or (templates and is_template(kind)) for kind in (system, data)) and system != data:
        yield Violation(
            "Configs.Disks.DataDisk.Type",
            *WORDING.invalid("Type", ""),
            f"Found {data!r}; expected {system!r}, the type of the system disk.",
        )


def _object(parent: Any, field: str) -> Mapping[str, Any]:
    found = parent.get(field) if isinstance(parent, Mapping) else None
    return found if isinstance(found, Mapping) else {}
