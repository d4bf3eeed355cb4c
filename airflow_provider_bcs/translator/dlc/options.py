"""What an author says about a task that runs as a PAI-DLC job, and where it runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from airflow_provider_bcs.description.suggestion import did_you_mean

from .fields import IGNORABLE

#: An instance type such as ``ecs.g6.large``, or on a quota a ResourceConfig such as ``{"CPU": "2", "Memory": "8Gi"}``.
Resources: TypeAlias = str | Mapping[str, Any]


@dataclass(frozen=True)
class Options:
    """What BatchCompute has no word for.

    :ivar images: image of BatchCompute (``ImageId``, ``ECSImageId`` or a Docker image) -> container image
    :ivar instance_types: BatchCompute ``InstanceType`` -> what a pod gets in PAI-DLC
    :ivar ignore: fields that are left out, such as ``AutoCluster.UserData``; with everything below them
    :ivar image: the container image, whatever the job says
    :ivar instance_type: what a pod gets, whatever the job says
    :ivar dlc_job: fields of CreateJob that are merged over the result
    :raises ValueError: when ``ignore`` names no field
    """

    images: Mapping[str, str] = field(default_factory=dict)
    instance_types: Mapping[str, Resources] = field(default_factory=dict)
    ignore: Collection[str] = ()
    image: str | None = None
    instance_type: Resources | None = None
    dlc_job: Any = None

    def __post_init__(self) -> None:
        if isinstance(self.ignore, str):
            raise ValueError(f"ignore is a list of field names; found the text {self.ignore!r}.")
        for name in self.ignore:
            if name not in IGNORABLE:
                near = did_you_mean(name, IGNORABLE)
                raise ValueError(f"ignore names {name!r}, which is no field that can be left out{near}")


class Site(NamedTuple):
    """Where the jobs run.

    :ivar region: e.g. ``cn-shanghai``
    :ivar oss_endpoint: host of the object store as the pods reach it
    """

    region: str
    oss_endpoint: str

    @classmethod
    def of(cls, region: str, oss_endpoint: str | None = None) -> Site:
        """Return the site of a region; without an endpoint its internal one, which costs no traffic."""
        host = (oss_endpoint or f"oss-{region}-internal.aliyuncs.com").partition("://")
        return cls(region, (host[2] or host[0]).rstrip("/"))
