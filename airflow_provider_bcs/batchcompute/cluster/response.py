"""Models of the answers about clusters, their machines, and images."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from airflow_provider_bcs.batchcompute.facts import CLUSTER_ACTIVE, READY
from airflow_provider_bcs.http.response import Response, Time


class Group(Response):
    """Group of equal machines in a cluster; DesiredVMCount is the target of ActualVMCount."""

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
    """Number of machines of a cluster in each state."""

    RunningCount: int = 0
    StartingCount: int = 0
    StoppingCount: int = 0
    StoppedCount: int = 0


class Cluster(Response):
    """Cluster. State is Active or Deleting; the service does not find a deleted cluster."""

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
        """True when each group has as many machines as its DesiredVMCount."""
        return self.State == CLUSTER_ACTIVE and all(
            group.ActualVMCount == group.DesiredVMCount for group in self.Groups.values()
        )

    @property
    def outcome(self) -> str | None:
        """``Ready``, or the state after which it cannot become ready; None before that."""
        if self.State != CLUSTER_ACTIVE:
            return self.State
        return READY if self.is_ready else None

    @property
    def is_terminal(self) -> bool:
        """True when a wait for its machines can end."""
        return self.outcome is not None

    @property
    def has_begun(self) -> bool:
        """True: a cluster waits in no queue."""
        return True

    @property
    def is_unsuccessful(self) -> bool:
        """True when it cannot become ready any more."""
        return self.is_terminal and not self.is_ready

    @property
    def progress(self) -> str:
        """One line with the state and the machine counts; equal lines mean no progress."""
        groups = (f"{name}: {group.ActualVMCount} of {group.DesiredVMCount}" for name, group in self.Groups.items())
        return f"{self.State}; machines: {', '.join(groups) or 'none'}"


class ClusterInstance(Response):
    """Machine of a cluster; State is Pending, Starting, Running, Deleting or Deleted."""

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
    """Image for machines; Type is System or Self, Platform is Linux or Windows."""

    Id: str
    Name: str = ""
    Description: str = ""
    EcsImageId: str = ""
    OwnerId: int | str = 0
    Platform: str = ""
    Type: str = ""
    CreationTime: Time = None
