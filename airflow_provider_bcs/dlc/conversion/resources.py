"""Image, instance type and price of a task's pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_bcs.container.findings import Findings
from airflow_provider_bcs.description.suggestion import did_you_mean

from .options import Options, Resources

#: How long the pods of a job stay that failed, where ReserveOnFail asks for it.
RESERVED_MINUTES = 60
_DOCKER_VARIABLE = "BATCH_COMPUTE_DOCKER_IMAGE"
# What both services call the same.
_DISK_CATEGORIES = ("cloud_efficiency", "cloud_ssd")


def job_spec(task: Mapping[str, Any], options: Options, findings: Findings) -> dict[str, Any]:
    """Return the one role of a job."""
    cluster = task.get("AutoCluster") or {}
    spec: dict[str, Any] = {"Type": "Worker", "PodCount": task.get("InstanceCount") or 1}
    if found := _image(task, cluster, options, findings):
        spec["Image"] = found
    resources = _resources(cluster, options, findings)
    if isinstance(resources, Mapping):
        spec["ResourceConfig"] = dict(resources)
    elif resources:
        spec["EcsSpec"] = resources
    spec.update(_spot(cluster, resources, findings))
    spec.update(_system_disk(cluster, findings))
    return spec


def _image(task: Mapping[str, Any], cluster: Mapping[str, Any], options: Options, findings: Findings) -> str | None:
    """Return the container image: the author's, that of Docker, or what the table says."""
    if options.image:
        return options.image
    command = task["Parameters"]["Command"]
    field, docker = "Parameters.Command.Docker.Image", (command.get("Docker") or {}).get("Image")
    if not docker:
        field = f"Parameters.Command.EnvVars.{_DOCKER_VARIABLE}"
        docker = (command.get("EnvVars") or {}).get(_DOCKER_VARIABLE)
    is_listed = not findings.pending(options.images) and docker in options.images
    if docker and not is_listed and not str(docker).startswith("localhost:"):
        return str(docker)
    if not docker:
        field = "AutoCluster.ECSImageId" if cluster.get("ECSImageId") else "AutoCluster.ImageId"
    name: Any = docker or cluster.get("ECSImageId") or cluster.get("ImageId")
    if findings.pending(name) or findings.pending(options.images):
        return str(name)
    if name in options.images:
        return options.images[name]
    findings.add(
        field,
        "A pod runs a container image of a registry.",
        _look_up(name, "images", options.images, "image"),
    )
    return None


def _resources(cluster: Mapping[str, Any], options: Options, findings: Findings) -> Resources | None:
    if options.instance_type:
        return options.instance_type
    name: Any = cluster.get("InstanceType")
    if findings.pending(name) or findings.pending(options.instance_types):
        return str(name)
    if name in options.instance_types:
        return options.instance_types[name]
    if isinstance(name, str) and name.startswith("ecs."):
        return name
    findings.add(
        "AutoCluster.InstanceType",
        "A pod runs on an instance type of PAI-DLC, or takes resources of a quota.",
        _look_up(name, "instance_types", options.instance_types, "instance_type"),
    )
    return None


def _look_up(name: Any, table: str, known: Mapping[str, Any], override: str) -> str:
    if not name:
        return f"Found none; right is {override}= for this task"
    near = did_you_mean(name, known).rstrip(".")
    return f"Found {name!r}; right is an entry of it in {table}, or {override}= for this task{near}"


def _spot(cluster: Mapping[str, Any], resources: Resources | None, findings: Findings) -> dict[str, Any]:
    """Return what asks for spot instances: the price is an hour's there and a minute's here."""
    kind, strategy, price = (cluster.get(name) for name in ("ResourceType", "SpotStrategy", "SpotPriceLimit"))
    if kind in (None, "", "OnDemand") or findings.pending(kind) or findings.pending(strategy):
        return {}
    if kind != "Spot":
        path = "AutoCluster.ResourceType"
        findings.add(path, "A pod is paid for as it runs.", f"Found {kind!r}; right is OnDemand or Spot", ignore=path)
    elif isinstance(resources, Mapping):
        path = "AutoCluster.ResourceType"
        findings.add(path, "A quota has no spot instances.", "Found 'Spot'; right is OnDemand", ignore=path)
    elif strategy == "SpotAsPriceGo":
        # Without a limit the price on demand is the ceiling, as it is there.
        return {"ElasticSpotSpecs": [{"InstanceType": resources}]} if resources else {}
    elif strategy == "SpotWithPriceLimit" and isinstance(price, (int, float)):
        return {"SpotSpec": {"SpotStrategy": strategy, "SpotPriceLimit": round(price / 60, 6)}}
    elif not findings.pending(price):
        findings.add(
            "AutoCluster.SpotStrategy",
            "A spot instance has a price.",
            f"Found {strategy!r} with SpotPriceLimit {price!r};"
            " right is SpotWithPriceLimit with a limit, or SpotAsPriceGo",
        )
    return {}


def _system_disk(cluster: Mapping[str, Any], findings: Findings) -> dict[str, Any]:
    disk = ((cluster.get("Configs") or {}).get("Disks") or {}).get("SystemDisk") or {}
    category = disk.get("Type")
    if category and category not in _DISK_CATEGORIES and not findings.pending(category):
        path = "AutoCluster.Configs.Disks.SystemDisk.Type"
        right = " or ".join(_DISK_CATEGORIES)
        findings.add(path, "There is no such disk.", f"Found {category!r}; right is {right}", ignore=path)
    fields = {"Category": category, "Size": disk.get("Size")}
    given = {name: value for name, value in fields.items() if value}
    return {"SystemDisk": given} if given else {}
