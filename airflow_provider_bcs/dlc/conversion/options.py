"""An author's options of a task that runs as a PAI-DLC job."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from airflow_provider_bcs.description.ignore import check_ignore

#: An instance type such as ``ecs.g6.large``, or on a quota a ResourceConfig such as ``{"CPU": "2", "Memory": "8Gi"}``.
Resources: TypeAlias = str | Mapping[str, Any]


@dataclass(frozen=True)
class Options:
    """Options that a BatchCompute job has no field for.

    :ivar images: image of BatchCompute (``ImageId``, ``ECSImageId`` or a Docker image) -> container image
    :ivar instance_types: BatchCompute ``InstanceType`` -> what a pod gets in PAI-DLC
    :ivar ignore: fields of the job to leave out, such as ``AutoCluster.UserData``, with all that they hold; and fields
        of the PAI-DLC job whose violations are passed over
    :ivar image: the container image, whatever the job says
    :ivar instance_type: what a pod gets, whatever the job says
    :ivar dlc_job: fields of CreateJob, merged over the result
    :raises ValueError: when ``ignore`` is no list of names
    """

    images: Mapping[str, str] = field(default_factory=dict)
    instance_types: Mapping[str, Resources] = field(default_factory=dict)
    ignore: Collection[str] = ()
    image: str | None = None
    instance_type: Resources | None = None
    dlc_job: Any = None

    def __post_init__(self) -> None:
        check_ignore(self.ignore)
