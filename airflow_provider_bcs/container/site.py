"""The region and the object store that the containers reach."""

from __future__ import annotations

from typing import NamedTuple


class Site(NamedTuple):
    """Region and object store of the containers.

    :ivar region: e.g. ``cn-shanghai``
    :ivar oss_endpoint: host of the object store as containers reach it
    """

    region: str
    oss_endpoint: str

    @classmethod
    def of(cls, region: str, oss_endpoint: str | None = None) -> Site:
        """Return the site of a region; without an endpoint its internal one, which costs no traffic."""
        host = (oss_endpoint or f"oss-{region}-internal.aliyuncs.com").partition("://")
        return cls(region, (host[2] or host[0]).rstrip("/"))
