"""Mount entries of a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mount_entries(task: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Return the field with the mount entries that take effect, and its value.

    The entries of the task take precedence over those of its AutoCluster, which a task with a ClusterId does not use.
    """
    cluster = {} if task.get("ClusterId") else task.get("AutoCluster") or {}
    for field, holder in (("Mounts", task), ("AutoCluster.Configs.Mounts", cluster.get("Configs") or {})):
        entries = (holder.get("Mounts") or {}).get("Entries")
        if entries:
            return f"{field}.Entries", entries
    return "Mounts.Entries", []
