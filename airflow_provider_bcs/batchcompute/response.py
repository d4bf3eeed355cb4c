"""Models of what BatchCompute answers."""

from __future__ import annotations

from typing import Any, TypeAlias

from pydantic import Field

from airflow_provider_bcs.http.response import Response, Time

from .facts import TERMINAL, UNSUCCESSFUL


class Created(Response):
    """The answer to a create operation."""

    Id: str


class Metrics(Response):
    """How many tasks or instances are in each state."""

    WaitingCount: int = 0
    RunningCount: int = 0
    FinishedCount: int = 0
    FailedCount: int = 0
    StoppedCount: int = 0

    @property
    def total(self) -> int:
        """The number in all states together."""
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
    """A job, task or instance."""

    State: str
    StartTime: Time = None
    EndTime: Time = None

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.State in TERMINAL

    @property
    def outcome(self) -> str | None:
        """The state it ended in, None before that."""
        return self.State if self.is_terminal else None

    @property
    def is_unsuccessful(self) -> bool:
        """Whether it ended, but not well."""
        return self.State in UNSUCCESSFUL

    @property
    def progress(self) -> str:
        """One line on how far it is; equal lines mean that nothing happened in between."""
        return self.State


class Job(Stateful):
    """A job. Not in it: Description, Type and DAG, see ``Client.get_job_description``."""

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
        return f"{self.State}; tasks: {self.TaskMetrics}; instances: {self.InstanceMetrics}"


#: What of a job tells its state, progress and outcome.
JOB_STATE = ("Id", "State", "TaskMetrics", "InstanceMetrics")


class Task(Stateful):
    """A task of a job."""

    TaskName: str
    InstanceMetrics: Metrics = Field(default_factory=Metrics)

    @property
    def progress(self) -> str:
        return f"{self.State}; instances: {self.InstanceMetrics}"


class Result(Response):
    """How an instance ended."""

    ExitCode: int = 0
    ErrorCode: str = ""
    ErrorMessage: str = ""
    Detail: str = ""

    def __str__(self) -> str:
        why = ": ".join(part for part in (self.ErrorCode, self.ErrorMessage) if part)
        code = f"exit code {self.ExitCode}"
        # Each of them may say what another one says already.
        parts = ["" if why.rstrip(".").endswith(code) else code, "" if why in self.Detail else why]
        text = ", ".join(part for part in parts if part)
        return f"{text}\n{self.Detail}" if self.Detail else text


class Error(Response):
    """What went wrong in an app job; Code is empty when nothing did."""

    Code: str = ""
    Message: str = ""


# A field may not be annotated with a class of its own name.
_Result: TypeAlias = Result
_Error: TypeAlias = Error


class Instance(Stateful):
    """One of the parallel runs of a task. Progress in percent."""

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
    """How an app job ended that was waited for."""

    RequestId: str = ""
    StartTime: Time = None
    EndTime: Time = None
    Outputs: dict[str, Any] = Field(default_factory=dict)
    Error: _Error = Field(default_factory=_Error)


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
