"""Instance types of ListEcsSpecs, and the resources that a job requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)([KMGT]i?)?")
_GIB = {"K": 2**-20, "M": 2**-10, "G": 1.0, "T": 2.0**10}


class InstanceType(NamedTuple):
    """Instance type in ListEcsSpecs; memory is in GiB."""

    name: str
    cpu: int
    memory: int
    gpu: int = 0
    gpu_type: str = ""
    gpu_memory: int = 0


INSTANCE_TYPES = (
    InstanceType("ecs.c6.large", 2, 4),
    InstanceType("ecs.c6.xlarge", 4, 8),
    InstanceType("ecs.g6.large", 2, 8),
    InstanceType("ecs.g6.xlarge", 4, 16),
    InstanceType("ecs.g6.2xlarge", 8, 32),
    InstanceType("ecs.g6.8xlarge", 32, 128),
    InstanceType("ecs.r6.xlarge", 4, 32),
    InstanceType("ecs.gn6i-c4g1.xlarge", 4, 15, 1, "NVIDIA T4", 16),
    InstanceType("ecs.gn6v-c8g1.2xlarge", 8, 32, 1, "NVIDIA V100", 16),
    InstanceType("ecs.gn7i-c8g1.2xlarge", 8, 30, 1, "NVIDIA A10", 24),
    InstanceType("ecs.gn6v-c8g1.16xlarge", 64, 256, 8, "NVIDIA V100", 16),
)
_BY_NAME = {item.name: item for item in INSTANCE_TYPES}


class Resources(NamedTuple):
    """Amount of resources; memory is in GiB."""

    cpu: float
    gpu: float
    memory: float


def requested(body: Mapping[str, Any]) -> Resources:
    """Return the resources that all pods of a job request; an unknown instance type counts as zero."""
    total = [0.0, 0.0, 0.0]
    for spec in body["JobSpecs"]:
        for at, amount in enumerate(_of_pod(spec)):
            total[at] += amount * spec["PodCount"]
    return Resources(*total)


def gpus(spec: Mapping[str, Any]) -> int:
    """Return the number of GPUs per pod of a JobSpec."""
    return int(_of_pod(spec).gpu)


def _of_pod(spec: Mapping[str, Any]) -> Resources:
    config = spec.get("ResourceConfig")
    if config:
        return Resources(_number(config.get("CPU")), _number(config.get("GPU")), _gibibytes(config.get("Memory")))
    known = _BY_NAME.get(spec.get("EcsSpec") or "")
    return Resources(known.cpu, known.gpu, known.memory) if known else Resources(0, 0, 0)


def _number(text: str | None) -> float:
    match = _AMOUNT.fullmatch(text or "")
    return float(match[1]) if match else 0.0


def _gibibytes(text: str | None) -> float:
    match = _AMOUNT.fullmatch(text or "")
    return float(match[1]) * _GIB[(match[2] or "G")[0]] if match else 0.0
