"""The one role of a PAI-DLC job: image, instance type, disk and price of its pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_bcs.container.findings import Findings
from airflow_provider_bcs.container.program import ContainerProgram, Image, Spot, SystemDisk
from airflow_provider_bcs.description.violation import did_you_mean

from .options import Options, Resources

# Categories of disks that have the same name in both services.
_DISK_CATEGORIES = ("cloud_efficiency", "cloud_ssd")


def job_spec(program: ContainerProgram, options: Options, findings: Findings) -> dict[str, Any]:
    """Return the one role of a job."""
    spec: dict[str, Any] = {"Type": "Worker", "PodCount": program.instance_count}
    if found := _image(program.image, options, findings):
        spec["Image"] = found
    resources = _resources(program.resources.instance_type, options, findings)
    if isinstance(resources, Mapping):
        spec["ResourceConfig"] = dict(resources)
    elif resources:
        spec["EcsSpec"] = resources
    spec.update(_spot(program.resources.spot, resources, findings))
    spec.update(_system_disk(program.resources.system_disk, findings))
    return spec


def _image(image: Image, options: Options, findings: Findings) -> str | None:
    """Return the container image: the author's, that of the table, or the one that the job names."""
    if options.image:
        return options.image
    is_table_pending = findings.pending(options.images)
    if not is_table_pending and image.name in options.images:
        return options.images[image.name]
    if image.is_pullable or is_table_pending or findings.pending(image.name):
        return str(image.name)
    found, expected = _look_up(image.name, "images", options.images, "image")
    findings.add(image.field, "A pod runs a container image of a registry.", found, expected)
    return None


def _resources(name: Any, options: Options, findings: Findings) -> Resources | None:
    if options.instance_type:
        return options.instance_type
    if findings.pending(name) or findings.pending(options.instance_types):
        return str(name)
    if name in options.instance_types:
        return options.instance_types[name]
    if isinstance(name, str) and name.startswith("ecs."):
        return name
    findings.add(
        "AutoCluster.InstanceType",
        "A pod runs on an instance type of PAI-DLC, or takes resources of a quota.",
        *_look_up(name, "instance_types", options.instance_types, "instance_type"),
    )
    return None


def _look_up(name: Any, table: str, known: Mapping[str, Any], override: str) -> tuple[str, str]:
    """Return what was found and what is expected."""
    if not name:
        return "none", f"{override}= for this task"
    near = did_you_mean(name, known).rstrip(".")
    return repr(name), f"an entry of it in {table}, or {override}= for this task{near}"


def _spot(spot: Spot, resources: Resources | None, findings: Findings) -> dict[str, Any]:
    """Return what asks for spot instances; BatchCompute has their price an hour, PAI-DLC a minute."""
    kind, strategy, price = spot.resource_type, spot.strategy, spot.price_limit
    if kind in (None, "", "OnDemand") or findings.pending(kind) or findings.pending(strategy):
        return {}
    path = "AutoCluster.ResourceType"
    if kind != "Spot":
        # A quota has no spot instances.
        expected = "OnDemand" if isinstance(resources, Mapping) else "OnDemand or Spot"
        findings.add(path, "A pod is paid for as it runs.", repr(kind), expected, ignore=path)
    elif isinstance(resources, Mapping):
        findings.add(path, "A quota has no spot instances.", repr(kind), "OnDemand", ignore=path)
    elif strategy == "SpotAsPriceGo":
        # Without a limit the price on demand is the most that is paid, as in BatchCompute.
        return {"ElasticSpotSpecs": [{"InstanceType": resources}]} if resources else {}
    elif strategy in (None, "", "SpotWithPriceLimit") and isinstance(price, (int, float)) and price > 0:
        # A limit without a strategy asks for SpotWithPriceLimit.
        return {"SpotSpec": {"SpotStrategy": "SpotWithPriceLimit", "SpotPriceLimit": round(price / 60, 6)}}
    elif not findings.pending(price):
        findings.add(
            "AutoCluster.SpotStrategy",
            "A spot instance has a price.",
            f"{strategy!r} with SpotPriceLimit {price!r}",
            "SpotWithPriceLimit with a limit, or SpotAsPriceGo",
        )
    return {}


def _system_disk(disk: SystemDisk, findings: Findings) -> dict[str, Any]:
    # A disk of the machine itself: in a pod, that is the container's own.
    kind = None if str(disk.type).startswith("ephemeral") else disk.type
    if kind and kind not in _DISK_CATEGORIES and not findings.pending(kind):
        path = "AutoCluster.Configs.Disks.SystemDisk.Type"
        findings.add(path, "There is no such disk.", repr(kind), " or ".join(_DISK_CATEGORIES), ignore=path)
    given = {name: value for name, value in (("Category", kind), ("Size", disk.size)) if value}
    return {"SystemDisk": given} if given else {}
