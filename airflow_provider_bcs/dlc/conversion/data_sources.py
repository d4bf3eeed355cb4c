"""Mounts of a container program as DataSources of PAI-DLC."""

from __future__ import annotations

import re
from collections.abc import Iterable

from airflow_provider_bcs.container.mounts import Mount

# Host of a mount target; the file system's id and the region are parts of it.
_MOUNT_TARGET = re.compile(r"([0-9a-z]+)-[0-9a-z]+\.([0-9a-z-]+)(?:\.extreme)?\.nas\.aliyuncs\.com")


def data_sources(mounts: Iterable[Mount], oss_endpoint: str) -> list[dict[str, str]]:
    """Return the DataSources of a job.

    :param oss_endpoint: host of the object store as pods reach it
    """
    return [
        {
            "Uri": _uri(mount.url, oss_endpoint),
            "MountPath": mount.path,
            "MountAccess": "RW" if mount.writable else "RO",
        }
        for mount in mounts
    ]


def _uri(url: str, oss_endpoint: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator:
        # A template, which is rendered later.
        return url
    host, _, path = rest.partition("/")
    if scheme == "oss":
        return f"oss://{host}.{oss_endpoint}/{path}"
    target = _MOUNT_TARGET.fullmatch(host)
    return f"nas://{f'{target[1]}.{target[2]}' if target else host}/{path}"
