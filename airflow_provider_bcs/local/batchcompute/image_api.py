"""Operations on images, GetQuotas and GetAvailableResource."""

from __future__ import annotations

import json
import secrets
from typing import Any

from airflow_provider_bcs.batchcompute.cluster.rules import validate_image
from airflow_provider_bcs.batchcompute.instance_types import INSTANCE_TYPES, SMALL_INSTANCE_TYPES
from airflow_provider_bcs.batchcompute.machine_rules import DISK_TYPES, RESOURCE_TYPES
from airflow_provider_bcs.local.account import ACCOUNT_ID
from airflow_provider_bcs.local.clock import now
from airflow_provider_bcs.local.error_response import ErrorResponse, not_found
from airflow_provider_bcs.local.gateway import JsonRoute
from airflow_provider_bcs.local.request import Request
from airflow_provider_bcs.local.routes import Response, Route
from airflow_provider_bcs.local.store import Store

from .creation import create_once, idempotent_token, parse_object, refuse
from .listing import max_item_count, numeric_marker, page

SCHEMA = """
CREATE TABLE IF NOT EXISTS images (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    created TEXT NOT NULL
);
"""

_INSTANCE_TYPES = {**SMALL_INSTANCE_TYPES, **INSTANCE_TYPES}
#: Images of Type System, which exist in every account.
_SYSTEM_IMAGES = {
    image_id: {
        "Id": image_id,
        "Name": image_id,
        "Description": "",
        "EcsImageId": "",
        "OwnerId": 0,
        "Platform": "Windows" if "windows" in image_id else "Linux",
        "Type": "System",
        "CreationTime": "",
    }
    for image_id in (f"img-{system}{network}" for system in ("ubuntu", "centos", "windows") for network in ("", "-vpc"))
}


class ImageApi:
    """Handlers of the operations on images."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[JsonRoute]:
        image = "/images/{ImageId}"
        return [
            Route("batchcompute.CreateImage", "POST", "/images", self.create_image),
            Route("batchcompute.ListImages", "GET", "/images", self.list_images),
            Route("batchcompute.GetImage", "GET", image, self.get_image),
            Route("batchcompute.DeleteImage", "DELETE", image, self.delete_image),
            Route("batchcompute.GetQuotas", "GET", "/quotas", get_quotas),
            Route("batchcompute.GetAvailableResource", "GET", "/available", get_available_resource),
        ]

    def create_image(self, request: Request) -> Response:
        token, image = idempotent_token(request), parse_object(request.body)
        refuse(validate_image(image, templates=False))
        token = token or image.pop("IdempotentToken", "")
        with self._store.transaction():
            image_id = create_once(self._store, "CreateImage", token, image, lambda: self._add(image))
        return Response(201, {"Id": image_id})

    def _add(self, image: dict[str, Any]) -> str:
        image_id = f"img-{secrets.token_hex(11)}"
        self._store.execute(
            "INSERT INTO images (id, description, created) VALUES (?, ?, ?)", image_id, json.dumps(image), now()
        )
        return image_id

    def get_image(self, request: Request) -> Response:
        image_id = request.names["ImageId"]
        if image_id in _SYSTEM_IMAGES:
            return Response(200, _SYSTEM_IMAGES[image_id])
        row = self._store.row("SELECT * FROM images WHERE id = ?", image_id)
        if row is None:
            raise not_found()
        return Response(200, _image_item(row))

    def list_images(self, request: Request) -> Response:
        count, first = max_item_count(request.query), numeric_marker(request.query)
        # BatchCompute documents that it ignores other values than System.
        if request.query.get("Type") == "System":
            items = list(_SYSTEM_IMAGES.values())[first:]
            return Response(200, page(items[:count], str(first + count) if 0 < count < len(items) else ""))
        rows = self._store.rows("SELECT * FROM images WHERE number > ? ORDER BY number LIMIT ?", first, count + 1)
        more = 0 < count < len(rows)
        return Response(
            200, page([_image_item(row) for row in rows[:count]], str(rows[count - 1]["number"]) if more else "")
        )

    def delete_image(self, request: Request) -> Response:
        if request.names["ImageId"] in _SYSTEM_IMAGES:
            raise ErrorResponse(403, "Forbidden", "User not authorized to operate on the specified resource.")
        if not self._store.execute("DELETE FROM images WHERE id = ?", request.names["ImageId"]):
            raise not_found()
        return Response(204)


def get_quotas(request: Request) -> Response:
    """Return the resource types, disk types and known instance types; a job may name other instance types."""
    return Response(
        200,
        {
            "AvailableClusterResourceType": list(RESOURCE_TYPES),
            "AvailableClusterInstanceSystemDiskType": list(DISK_TYPES),
            "AvailableClusterInstanceDataDiskType": list(DISK_TYPES),
            "AvailableClusterInstanceType": list(_INSTANCE_TYPES),
            "AvailableSpotInstanceType": list(_INSTANCE_TYPES),
        },
    )


def get_available_resource(request: Request) -> Response:
    """Return that all instance types, resource types and disk types are available."""
    types = [
        {
            "InstanceType": name,
            "CpuCore": cores,
            "MemorySize": memory / 1024,
            "Network": {"Classic": False, "Vpc": True},
        }
        for name, (cores, memory) in _INSTANCE_TYPES.items()
    ]
    return Response(
        200,
        {
            "AvailableClusterInstanceType": types,
            "AvailableSpotInstanceType": types,
            "AvailablePrepaidInstanceType": types,
            "AvailableResourceType": list(RESOURCE_TYPES),
            "AvailableSystemDiskType": list(DISK_TYPES),
            "AvailableDataDiskType": list(DISK_TYPES),
        },
    )


def _image_item(row: Any) -> dict[str, Any]:
    image = json.loads(row["description"])
    return {
        **{name: image.get(name) or "" for name in ("Name", "Description", "EcsImageId", "Platform")},
        "Id": row["id"],
        "OwnerId": ACCOUNT_ID,
        "Type": "Self",
        "CreationTime": row["created"],
    }
