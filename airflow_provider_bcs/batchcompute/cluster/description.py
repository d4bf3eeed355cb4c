"""Models of the descriptions of clusters and images.

Source: the create_cluster page of the API's Python SDK, and the CreateImage page. The private aliases exist because a
field may not be annotated with a class of its own name.
"""

from typing import Annotated, Any, TypeAlias

from pydantic import Field

from airflow_provider_bcs.batchcompute.job import Notification
from airflow_provider_bcs.batchcompute.machines import Configs
from airflow_provider_bcs.description.model import Boolean, Description, Integer, Number, Text
from airflow_provider_bcs.description.source import JobSource


class GroupDescription(Description):
    """Group of equal machines in a cluster; SpotPriceLimit for one machine and hour."""

    DesiredVMCount: Integer | None = None
    InstanceType: Text | None = None
    ResourceType: Text = "OnDemand"
    SpotStrategy: Text | None = None
    SpotPriceLimit: Number | None = None
    HostnamePrefix: Text | None = None
    ImageId: Text | None = None
    Mode: Text | None = None


_Configs: TypeAlias = Configs
_Notification: TypeAlias = Notification


class ClusterDescription(Description):
    """Cluster: groups of machines. Jobs name it by its id; each machine runs the command Bootstrap first."""

    Name: Text | None = None
    Description: Text | None = None
    ImageId: Text | None = None
    InstanceType: Text | None = None
    Groups: Annotated[dict[str, GroupDescription], Field(default_factory=dict)]
    Configs: Annotated[_Configs, Field(default_factory=_Configs)]
    UserData: Annotated[dict[str, Any], Field(repr=False, default_factory=dict)]
    EnvVars: Annotated[dict[str, Any], Field(repr=False, default_factory=dict)]
    Notification: Annotated[_Notification, Field(default_factory=_Notification)]
    Bootstrap: Text | None = None
    ScheduleType: Text | None = None
    PasswordInherit: Boolean | None = None
    DependencyIsvService: Text | None = None

    def add_group(self, group_name: str, group: GroupDescription | JobSource) -> None:
        """Add a group; replace a group of that name."""
        # The object is not copied: fields that the author sets later count, as in the vendor's SDK.
        added = group if isinstance(group, GroupDescription) else GroupDescription(group)
        self.Groups = {**self.Groups, group_name: added}

    def get_group(self, group_name: str) -> GroupDescription:
        """Return a group.

        :raises KeyError: when no group has that name
        """
        return self.Groups[group_name]

    def delete_group(self, group_name: str) -> None:
        """Remove a group.

        :raises KeyError: when no group has that name
        """
        groups = dict(self.Groups)
        del groups[group_name]
        self.Groups = groups


class ImageDescription(Description):
    """Image for machines, made of an ECS image. Platform is Linux or Windows."""

    Name: Text | None = None
    Description: Text | None = None
    EcsImageId: Text | None = None
    Platform: Text | None = None
    IdempotentToken: Text | None = None
