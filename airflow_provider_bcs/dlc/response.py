"""Models of what PAI-DLC answers. Source: the answers' pages of API version 2020-12-03."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field

from airflow_provider_bcs.http.response import Response, Time

from .facts import ACTIVE, FAILED, OUTCOMES, POD_TERMINAL, STOPPED, SUCCEEDED


class Created(Response):
    """The answer to CreateJob, UpdateJob, StopJob and DeleteJob."""

    JobId: str


class StatusPeriod(Response):
    """A time a job spent in one status."""

    Status: str = ""
    StartTime: Time = None
    EndTime: Time = None
    ReasonCode: str = ""
    ReasonMessage: str = ""


class PodStatusDetail(Response):
    """How a pod ended. Not documented; seen in answers of the service."""

    ExitCode: str = ""
    Reason: str = ""
    Message: str = ""


def _object(value: Any) -> Any:
    """Undocumented, and so perhaps no object at all."""
    return value if isinstance(value, dict) else {}


class Pod(Response):
    """One pod of a job. HistoryPods are its earlier incarnations, told apart by PodUid. Duration in seconds."""

    PodId: str = ""
    PodUid: str = ""
    Type: str = ""
    Status: str = ""
    SubStatus: str = ""
    Ip: str = ""
    NodeName: str = ""
    GmtCreateTime: Time = None
    GmtStartTime: Time = None
    GmtFinishTime: Time = None
    Duration: float = 0
    StatusDetail: Annotated[PodStatusDetail, BeforeValidator(_object)] = Field(default_factory=PodStatusDetail)
    HistoryPods: list[Pod] = Field(default_factory=list)

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more happens to it."""
        return self.Status in POD_TERMINAL

    @property
    def outcome(self) -> str | None:
        """The status it ended in, None before that."""
        return self.Status if self.is_terminal else None

    @property
    def is_unsuccessful(self) -> bool:
        """Whether it ended, but not well."""
        return self.is_terminal and self.Status != SUCCEEDED

    @property
    def progress(self) -> str:
        """One line on how far it is."""
        return f"{self.Status} ({self.SubStatus})" if self.SubStatus not in ("", "Normal") else self.Status


class Settings(Response):
    """Of a job's Settings what this package itself reads."""

    Tags: dict[str, str] = Field(default_factory=dict)


_Settings: TypeAlias = Settings


class Job(Response):
    """A job, as GetJob and ListJobs answer it; a listed one may lack pods and history. Duration in seconds."""

    JobId: str
    Status: str
    DisplayName: str = ""
    JobType: str = ""
    SubStatus: str = ""
    ReasonCode: str = ""
    ReasonMessage: str = ""
    StatusHistory: list[StatusPeriod] = Field(default_factory=list)
    GmtCreateTime: Time = None
    GmtSubmittedTime: Time = None
    GmtRunningTime: Time = None
    GmtSuccessedTime: Time = None
    GmtFailedTime: Time = None
    GmtStoppedTime: Time = None
    GmtFinishTime: Time = None
    Duration: int = 0
    Priority: int = 0
    WorkspaceId: str = ""
    ResourceId: str = ""
    UserCommand: str = Field(default="", repr=False)
    Envs: dict[str, str] = Field(default_factory=dict, repr=False)
    JobSpecs: list[dict[str, Any]] = Field(default_factory=list, repr=False)
    Pods: list[Pod] = Field(default_factory=list)
    Settings: _Settings = Field(default_factory=_Settings)
    RestartTimes: str = ""
    JobMaxRunningTimeMinutes: int = 0

    @property
    def outcome(self) -> str | None:
        """``Succeeded``, ``Failed`` or ``Stopped`` as soon as that is certain, None while the job goes on.

        A status that is not known is the outcome itself once the job has a time of its end; ``Deleted`` occurs.
        """
        if self.GmtFinishTime is not None and self.Status not in ACTIVE:
            return OUTCOMES.get(self.Status, self.Status)
        return OUTCOMES.get(self.Status)

    @property
    def is_terminal(self) -> bool:
        """Whether what came of it is certain; its pods may still be kept for a while."""
        return self.outcome is not None

    @property
    def is_unsuccessful(self) -> bool:
        """Whether it ended, but not well."""
        return self.is_terminal and self.outcome != SUCCEEDED

    @property
    def ran_too_long(self) -> bool:
        """Whether it was stopped at its JobMaxRunningTimeMinutes; which status that gives is not documented."""
        if not self.JobMaxRunningTimeMinutes or self.GmtRunningTime is None or self.GmtFinishTime is None:
            return False
        seconds = (self.GmtFinishTime - self.GmtRunningTime).total_seconds()
        return self.outcome in (STOPPED, FAILED) and seconds >= 60 * self.JobMaxRunningTimeMinutes

    @property
    def progress(self) -> str:
        """One line on how far it is; equal lines mean that nothing happened in between."""
        text = self.Status
        if not self.is_terminal and self.Status not in ACTIVE:
            text += " (a status this version does not know; it is waited for)"
        if self.SubStatus:
            text += f" ({self.SubStatus})"
        reason = ": ".join(part for part in (self.ReasonCode, self.ReasonMessage) if part)
        counts: dict[str, int] = {}
        for pod in self.Pods:
            counts[pod.Status] = counts.get(pod.Status, 0) + 1
        pods = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        restarts = "" if self.RestartTimes.startswith("0/") else self.RestartTimes
        parts = (text, reason, pods and f"pods: {pods}", restarts and f"restarts: {restarts}")
        return "; ".join(part for part in parts if part)


#: What of a job tells its status, progress and outcome.
JOB_STATE = (
    "JobId",
    "Status",
    "SubStatus",
    "ReasonCode",
    "ReasonMessage",
    "GmtFinishTime",
    "Pods",
    "RestartTimes",
)


class PodLogs(Response):
    """Lines of a pod's log."""

    JobId: str = ""
    PodId: str = ""
    PodUid: str = ""
    Logs: list[str] = Field(default_factory=list)


class Events(Response):
    """What happened to a job or pod; each line begins with its time."""

    JobId: str = ""
    PodId: str = ""
    PodUid: str = ""
    Events: list[str] = Field(default_factory=list)


class Metric(Response):
    """A measured value; Time in milliseconds since 1970."""

    Time: int
    Value: float


class PodMetrics(Response):
    """The measured values of one pod."""

    PodId: str
    Metrics: list[Metric] = Field(default_factory=list)


_PodMetrics: TypeAlias = PodMetrics


class JobMetrics(Response):
    """The answer to GetJobMetrics."""

    PodMetrics: list[_PodMetrics] = Field(default_factory=list)


class EcsSpec(Response):
    """An instance type that jobs can run on. Memory in GiB (the page names no unit)."""

    InstanceType: str
    AcceleratorType: str = ""
    Cpu: int = 0
    Memory: int = 0
    Gpu: int = 0
    GpuType: str = ""
    IsAvailable: bool = True
    ResourceType: str = ""
