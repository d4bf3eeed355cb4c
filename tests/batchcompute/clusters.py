"""Cluster descriptions for tests."""

from __future__ import annotations

from typing import Any


def group(count: int = 1, **fields: Any) -> dict[str, Any]:
    """A valid group."""
    return {"DesiredVMCount": count, "InstanceType": "ecs.sn1ne.large", **fields}


def cluster(groups: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A valid cluster."""
    return {"Name": "a-cluster", "ImageId": "img-ubuntu", "Groups": groups or {"group1": group()}, **fields}


def image(**fields: Any) -> dict[str, Any]:
    """A valid image."""
    return {"Name": "an-image", "EcsImageId": "m-28ega", "Platform": "Linux", **fields}
