"""Models of BatchCompute's answers about jobs and the account."""

from __future__ import annotations

from typing import Any, TypeAlias

from pydantic import Field

from airflow_provider_bcs.http.response import Response, Time

from .facts import TERMINAL, UNSUCCESSFUL, WAITING


class Created(Response):
    """Answer to a create operation."""

    Id: str


class Metrics(Response):
    """Number of tasks or instances in each state."""

    WaitingCount: int = 0
    RunningCount: int = 0
    FinishedCount: int = 0
    FailedCount: int = 0
    StoppedCount: int = 0

    @property
    def total(self) -> int:
        """Number in all states together."""
        return self.WaitingCount + self.RunningCount + self.FinishedCount + self.FailedCount + self.StoppedCount

    def __str__(self) -> str:
        parts = [f"{self.FinishedCount} of {self.total} finished"]
        for count, word in (
            (self.RunningCount, "running"),
            (self.FailedCount, "failed"),
            (self.StoppedCount, "stopped"),
        ):
            if count:
                parts.append(f"{count} {word}")
        return ", ".join(parts)


class Stateful(Response):
    """Job, task or instance."""

    State: str
    StartTime: Time = None
    EndTime: Time = None

    @property
    def is_terminal(self) -> bool:
        """True in a state that only a client can end."""
        return self.State in TERMINAL

    @property
    def outcome(self) -> str | None:
        """Terminal state; None before the end."""
        return self.State if self.is_terminal else None

    @property
    def has_begun(self) -> bool:
        """False while it waits."""
        return self.State != WAITING

    @property
    def is_unsuccessful(self) -> bool:
        """True when it failed or was stopped."""
        return self.State in UNSUCCESSFUL

    @property
    def progress(self) -> str:
        """One line on its progress; equal lines mean no progress."""
        return self.State


class Job(Stateful):
    """Job without Description, Type and DAG; for these, see ``Client.get_job_description``."""

    Id: str
    Name: str = ""
    OwnerId: int | str = 0
    Priority: int = 0
    Message: str = ""
    CreationTime: Time = None
    TaskMetrics: Metrics = Field(default_factory=Metrics)
    InstanceMetrics: Metrics = Field(default_factory=Metrics)

    @property
    def progress(self) -> str:
        return _progress(self.State, tasks=self.TaskMetrics, instances=self.InstanceMetrics)


def _progress(state: str, **metrics: Metrics) -> str:
    """Return the state and the counts; the count of an only task or instance says no more than the state."""
    return "; ".join([state, *(f"{name}: {counts}" for name, counts in metrics.items() if counts.total > 1)])


#: Fields of a job that state, progress and outcome need.
JOB_STATE = ("Id", "State", "TaskMetrics", "InstanceMetrics")


class Task(Stateful):
    """Task of a job."""

    TaskName: str
    InstanceMetrics: Metrics = Field(default_factory=Metrics)

    @property
    def progress(self) -> str:
        return _progress(self.State, instances=self.InstanceMetrics)


class Result(Response):
    """Result of an instance."""

    ExitCode: int = 0
    ErrorCode: str = ""
    ErrorMessage: str = ""
    Detail: str = ""

    def __str__(self) -> str:
        why = ": ".join(part for part in (self.ErrorCode, self.ErrorMessage) if part)
        code = f"exit code {self.ExitCode}"
        # The service may repeat one text in another field.
        parts = ["" if why.rstrip(".").endswith(code) else code, "" if why in self.Detail else why]
        text = ", ".join(part for part in parts if part)
        return f"{text}\n{self.Detail}" if self.Detail else text


class Error(Response):
    """Error of an app job; Code is empty after a success."""

    Code: str = ""
    Message: str = ""


# A field may not be annotated with a class of its own name.
_Result: TypeAlias = Result
_Error: TypeAlias = Error


class Instance(Stateful):
    """Instance of a task. Progress in percent."""

    InstanceId: int
    RetryCount: int = 0
    Progress: int = 0
    NodeIp: str = ""
    StdoutRedirectPath: str = ""
    StderrRedirectPath: str = ""
    Result: _Result = Field(default_factory=_Result)
    Error: _Error | None = None
    Outputs: dict[str, Any] = Field(default_factory=dict)

    @property
    def progress(self) -> str:
        return f"{self.State}; {self.Progress} %"


class AppResult(Response):
    """Result of an app job that CreateJob waited for."""

    RequestId: str = ""
    StartTime: Time = None
    EndTime: Time = None
    Outputs: dict[str, Any] = Field(default_factory=dict)
    Error: _Error = Field(default_factory=_Error)


class ResourceQuotas(Response):
    """Resource, disk and instance types that the account may use. The service returns no numeric limits."""

    AvailableClusterResourceType: list[str] = Field(default_factory=list)
    AvailableClusterInstanceSystemDiskType: list[str] = Field(default_factory=list)
    AvailableClusterInstanceDataDiskType: list[str] = Field(default_factory=list)
    AvailableClusterInstanceType: list[str] = Field(default_factory=list)
    AvailableSpotInstanceType: list[str] = Field(default_factory=list)


class NetworkSupport(Response):
    """Networks in which an instance type is available."""

    Classic: bool = False
    Vpc: bool = False


class AvailableInstanceType(Response):
    """Instance type that is available now; MemorySize in GB."""

    InstanceType: str
    CpuCore: int = 0
    MemorySize: float = 0.0
    Network: NetworkSupport = Field(default_factory=NetworkSupport)


class AvailableResource(Response):
    """Instance types, resource types and disk types that are available now."""

    AvailableClusterInstanceType: list[AvailableInstanceType] = Field(default_factory=list)
    AvailableSpotInstanceType: list[AvailableInstanceType] = Field(default_factory=list)
    AvailablePrepaidInstanceType: list[AvailableInstanceType] = Field(default_factory=list)
    AvailableResourceType: list[str] = Field(default_factory=list)
    AvailableSystemDiskType: list[str] = Field(default_factory=list)
    AvailableDataDiskType: list[str] = Field(default_factory=list)
