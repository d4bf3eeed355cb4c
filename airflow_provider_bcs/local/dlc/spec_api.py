"""Operation ListEcsSpecs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_bcs.dlc.facts import DEFAULT_ECS_SPECS_PAGE_SIZE, MAX_PAGE_SIZE
from airflow_provider_bcs.local.gateway import JsonRoute
from airflow_provider_bcs.local.request import Request
from airflow_provider_bcs.local.routes import Response, Route

from .parameters import choice, integer
from .resources import INSTANCE_TYPES, InstanceType

#: Order of the instance types by SortBy. No instance type has a creation time: the table has them in their order.
_SORT_KEYS: dict[str, Callable[[dict[str, Any]], int]] = {
    "CPU": lambda fields: int(fields["Cpu"]),
    "GPU": lambda fields: int(fields["Gpu"]),
    "Memory": lambda fields: int(fields["Memory"]),
    "GmtCreateTime": lambda fields: 0,
}


def list_ecs_specs(request: Request) -> Response:
    """Return the known ECS instance types; CreateJob accepts others, too."""
    query = request.query
    names = [name for name in query.get("InstanceTypes", "").split(",") if name]
    found = [
        fields
        for fields in map(_fields, INSTANCE_TYPES)
        if query.get("AcceleratorType", "") in ("", fields["AcceleratorType"])
        and query.get("ResourceType", "") in ("", fields["ResourceType"])
        and (not names or fields["InstanceType"] in names)
    ]
    found.sort(key=_SORT_KEYS[choice(query, "SortBy", "GmtCreateTime", tuple(_SORT_KEYS))])
    # Assumption: the default Order is ascending.
    if choice(query, "Order", "asc", ("asc", "desc")) == "desc":
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
