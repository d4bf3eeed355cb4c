"""Operation ListEcsSpecs."""

from __future__ import annotations

from typing import Any

from airflow_provider_bcs.dlc.facts import DEFAULT_ECS_SPECS_PAGE_SIZE, MAX_PAGE_SIZE
from airflow_provider_bcs.local.gateway import JsonRoute
from airflow_provider_bcs.local.request import Request
from airflow_provider_bcs.local.routes import Response, Route

from .errors import invalid
from .parameters import integer
from .resources import INSTANCE_TYPES, InstanceType


def list_ecs_specs(request: Request) -> Response:
    """Return the known ECS instance types; CreateJob accepts others, too."""
    query = request.query
    if query.get("SortBy"):
        # PAI-DLC documents values of SortBy, but reportedly refuses all of them.
        raise invalid("SortBy", "Sorting is not supported.")
    names = [name for name in query.get("InstanceTypes", "").split(",") if name]
    found = [
        fields
        for fields in map(_fields, INSTANCE_TYPES)
        if query.get("AcceleratorType", "") in ("", fields["AcceleratorType"])
        and query.get("ResourceType", "") in ("", fields["ResourceType"])
        and (not names or fields["InstanceType"] in names)
    ]
    if query.get("Order", "").lower() == "desc":
        found.reverse()
    # Assumption: the default PageSize returns all instance types.
    size = integer(query, "PageSize", DEFAULT_ECS_SPECS_PAGE_SIZE, 1, MAX_PAGE_SIZE)
    first = (integer(query, "PageNumber", 1, 1) - 1) * size
    return Response(200, {"EcsSpecs": found[first : first + size], "TotalCount": len(found)})


def _fields(item: InstanceType) -> dict[str, Any]:
    return {
        "InstanceType": item.name,
        "AcceleratorType": "GPU" if item.gpu else "CPU",
        "Cpu": item.cpu,
        "Memory": item.memory,
        "Gpu": item.gpu,
        "GpuType": item.gpu_type,
        "GpuMemory": item.gpu_memory,
        "IsAvailable": True,
        "ResourceType": "ECS",
        "PaymentTypes": ["PostPaid"],
        "DefaultGPUDriver": "",
        "SupportedGPUDrivers": [],
        "SpotStockStatus": "WithStock",
        "NonProtectSpotDiscount": 0.1,
    }


ROUTES: list[JsonRoute] = [Route("dlc.ListEcsSpecs", "GET", "/api/v1/ecsspecs", list_ecs_specs)]
