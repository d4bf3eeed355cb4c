"""Models of what BatchCompute answers about clusters, images and what can be had."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from airflow_provider_bcs.http.response import Response, Time

from .facts import CLUSTER_ACTIVE, READY


class Group(Response):
    """Machines of one kind in a cluster: how many it is to have, and how many it has."""

    DesiredVMCount: int = 0
    ActualVMCount: int = 0
    InstanceType: str = ""
    ResourceType: str = ""
    SpotStrategy: str = ""
    SpotPriceLimit: float = 0.0
    ImageId: str = ""
    HostnamePrefix: str = ""
    Disks: dict[str, Any] = Field(default_factory=dict)


class ClusterMetrics(Response):
    """How many machines of a cluster are in each state."""

    RunningCount: int = 0
    StartingCount: int = 0
    StoppingCount: int = 0
    StoppedCount: int = 0


class Cluster(Response):
    """A cluster. State is Active or Deleting; one that is gone is not found any more."""

    Id: str
    State: str
    Name: str = ""
    Description: str = ""
    OwnerId: int | str = 0
    CreationTime: Time = None
    ImageId: str = ""
    InstanceType: str = ""
    Bootstrap: str = ""
    ErrorCode: str = ""
    SecurityGroup: str = ""
    Groups: dict[str, Group] = Field(default_factory=dict)
    Metrics: ClusterMetrics = Field(default_factory=ClusterMetrics)
    Configs: dict[str, Any] = Field(default_factory=dict)
    UserData: dict[str, Any] = Field(default_factory=dict, repr=False)
    EnvVars: dict[str, Any] = Field(default_factory=dict, repr=False)
    Notification: dict[str, Any] = Field(default_factory=dict)
    OperationLogs: list[str] = Field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        """Whether each group has as many machines as it is to have."""
        return self.State == CLUSTER_ACTIVE and all(
            group.ActualVMCount == group.DesiredVMCount for group in self.Groups.values()
        )

    @property
    def outcome(self) -> str | None:
        """``Ready``, or the state that keeps it from ever becoming so; None before that."""
        if self.State != CLUSTER_ACTIVE:
            return self.State
        return READY if self.is_ready else None

    @property
    def is_terminal(self) -> bool:
        """Whether waiting for its machines is over."""
        return self.outcome is not None

    @property
    def progress(self) -> str:
        """One line on how many machines it has; equal lines mean that nothing happened in between."""
        groups = (f"{name}: {group.ActualVMCount} of {group.DesiredVMCount}" for name, group in self.Groups.items())
        return f"{self.State}; machines: {', '.join(groups) or 'none'}"


class ClusterInstance(Response):
    """A machine of a cluster: Pending, Starting, Running, Deleting or Deleted."""

    Id: str = ""
    State: str = ""
    Hint: str = ""
    IpAddress: str = ""
    HostName: str = ""
    EcsInstanceId: str = ""
    CreationTime: Time = None
    ErrorCode: int = 0
    ErrorMessage: str = ""
    InstancePassword: str = Field(default="", repr=False)


class Image(Response):
    """An image of machines; Type is System or Self, Platform is Linux or Windows."""

    Id: str
    Name: str = ""
    Description: str = ""
    EcsImageId: str = ""
    OwnerId: int | str = 0
    Platform: str = ""
    Type: str = ""
    CreationTime: Time = None


class ResourceQuotas(Response):
    """The words that the account may use in descriptions. The service tells no numeric limits."""

    AvailableClusterResourceType: list[str] = Field(default_factory=list)
    AvailableClusterInstanceSystemDiskType: list[str] = Field(default_factory=list)
    AvailableClusterInstanceDataDiskType: list[str] = Field(default_factory=list)
    AvailableClusterInstanceType: list[str] = Field(default_factory=list)
    AvailableSpotInstanceType: list[str] = Field(default_factory=list)


class NetworkSupport(Response):
    """The networks that an instance type can be had in."""

    Classic: bool = False
    Vpc: bool = False


class AvailableInstanceType(Response):
    """An instance type that can be had now; MemorySize in GB."""

    InstanceType: str
    CpuCore: int = 0
    MemorySize: float = 0.0
    Network: NetworkSupport = Field(default_factory=NetworkSupport)


class AvailableResource(Response):
    """What can be had now."""

    AvailableClusterInstanceType: list[AvailableInstanceType] = Field(default_factory=list)
    AvailableSpotInstanceType: list[AvailableInstanceType] = Field(default_factory=list)
    AvailablePrepaidInstanceType: list[AvailableInstanceType] = Field(default_factory=list)
    AvailableResourceType: list[str] = Field(default_factory=list)
    AvailableSystemDiskType: list[str] = Field(default_factory=list)
    AvailableDataDiskType: list[str] = Field(default_factory=list)


class CreatedApp(Response):
    """The answer to the creation of an app, which has no id but its name."""

    Name: str


class App(Response):
    """An app, and what a job has to know to run it."""

    Name: str
    Scope: str = ""
    Description: str = ""
    OwnerId: int | str = 0
    Revision: int = 0
    UpdateTime: Time = None
    InputParameters: dict[str, Any] = Field(default_factory=dict)
    OutputParameters: dict[str, Any] = Field(default_factory=dict)
    # A value of this name in the class would be taken for pydantic's own configuration.
    Config: Annotated[dict[str, Any], Field(default_factory=dict)]


class AppDetail(App):
    """One revision of an app with its program."""

    CommandLine: str = ""
    Docker: dict[str, Any] = Field(default_factory=dict)
    VM: dict[str, Any] = Field(default_factory=dict)
    EnvVars: dict[str, Any] = Field(default_factory=dict, repr=False)
    Daemonize: bool = False


class AppRevision(Response):
    """One of the states an app has had, from 0."""

    Revision: int
    UpdateTime: Time = None
