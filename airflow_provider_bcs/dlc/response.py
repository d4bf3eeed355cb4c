"""Models of PAI-DLC's responses. Source: the pages of the operations, API version 2020-12-03."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field

from airflow_provider_bcs.http.response import Response, Time

from .facts import ACTIVE, FAILED, OUTCOMES, POD_PENDING, POD_TERMINAL, QUEUED, STOPPED, SUCCEEDED


class Created(Response):
    """Response of CreateJob, UpdateJob, StopJob and DeleteJob."""

    JobId: str


class StatusPeriod(Response):
    """Period that a job spent in one Status."""

    Status: str = ""
    StartTime: Time = None
    EndTime: Time = None
    ReasonCode: str = ""
    ReasonMessage: str = ""


class PodStatusDetail(Response):
    """Exit code and reason of a pod's end. StatusDetail is not documented, but occurs in responses of GetJob."""

    ExitCode: str = ""
    Reason: str = ""
    Message: str = ""


def _object(value: Any) -> Any:
    """Return an empty object for any other value, because the type of StatusDetail is not documented."""
    return value if isinstance(value, dict) else {}


class Pod(Response):
    """Pod of a job. HistoryPods are its earlier incarnations, each with its own PodUid. Duration is in seconds."""

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
        """True once the pod has ended."""
        return self.Status in POD_TERMINAL

    @property
    def outcome(self) -> str | None:
        """Terminal Status; None before that."""
        return self.Status if self.is_terminal else None

    @property
    def has_begun(self) -> bool:
        """True once the pod has started."""
        return self.Status not in ("", POD_PENDING)

    @property
    def is_unsuccessful(self) -> bool:
        """True once the pod has failed or was stopped."""
        return self.is_terminal and self.Status != SUCCEEDED

    @property
    def progress(self) -> str:
        """Status and SubStatus in one line."""
        return f"{self.Status} ({self.SubStatus})" if self.SubStatus not in ("", "Normal") else self.Status


class Settings(Response):
    """Settings of a job: the fields that this package reads."""

    Tags: dict[str, str] = Field(default_factory=dict)


_Settings: TypeAlias = Settings


class Job(Response):
    """Job, as GetJob and ListJobs return it. ListJobs may leave out Pods and StatusHistory. Duration is in seconds.

    >>> job = Job(JobId="dlc1", Status="Failed", ReasonCode="JobFailed", Pods=[{"Status": "Failed"}])
    >>> job.is_terminal, job.outcome, job.progress
    (True, 'Failed', 'Failed; JobFailed')
    """

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
        """``Succeeded``, ``Failed`` or ``Stopped`` once the job has ended; None before that.

        A Status that this version does not know, e.g. ``Deleted``, is the outcome once the job has a GmtFinishTime.
        """
        if self.GmtFinishTime is not None and self.Status not in ACTIVE:
            return OUTCOMES.get(self.Status, self.Status)
        return OUTCOMES.get(self.Status)

    @property
    def is_terminal(self) -> bool:
        """True once the outcome is known. The service may keep the pods for some minutes after that."""
        return self.outcome is not None

    @property
    def has_begun(self) -> bool:
        """True once the job runs."""
        return self.Status not in QUEUED

    @property
    def is_unsuccessful(self) -> bool:
        """True once the job has failed, was stopped or was deleted."""
        return self.is_terminal and self.outcome != SUCCEEDED

    @property
    def ran_too_long(self) -> bool:
        """True when the job exceeded its JobMaxRunningTimeMinutes. The Status of such a job is not documented."""
        if not self.JobMaxRunningTimeMinutes or self.GmtRunningTime is None or self.GmtFinishTime is None:
            return False
        seconds = (self.GmtFinishTime - self.GmtRunningTime).total_seconds()
        return self.outcome in (STOPPED, FAILED) and seconds >= 60 * self.JobMaxRunningTimeMinutes

    @property
    def progress(self) -> str:
        """Progress in one line; the line changes when the progress does."""
        text = self.Status
        if not self.is_terminal and self.Status not in ACTIVE:
            text += " (a status unknown to this version, which polls on)"
        if self.SubStatus:
            text += f" ({self.SubStatus})"
        reason = ": ".join(part for part in (self.ReasonCode, self.ReasonMessage) if part)
        restarts = "" if self.RestartTimes.startswith("0/") else self.RestartTimes
        parts = (text, reason, self._pod_progress, restarts and f"restarts: {restarts}")
        return "; ".join(part for part in parts if part)

    @property
    def _pod_progress(self) -> str:
        if len(self.Pods) == 1:
            # The count of an only pod says nothing, and its state mostly no more than that of the job.
            status = self.Pods[0].Status
            return "" if status in (self.Status, self.outcome) else f"pod: {status}"
        counts: dict[str, int] = {}
        for pod in self.Pods:
            counts[pod.Status] = counts.get(pod.Status, 0) + 1
        pods = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        return pods and f"pods: {pods}"


#: Fields that :attr:`Job.progress` and :attr:`Job.outcome` use.
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
    """Response of GetPodLogs: lines of a pod's log."""

    JobId: str = ""
    PodId: str = ""
    PodUid: str = ""
    Logs: list[str] = Field(default_factory=list)


class Events(Response):
    """Response of GetJobEvents and GetPodEvents. Each line begins with its time."""

    JobId: str = ""
    PodId: str = ""
    PodUid: str = ""
    Events: list[str] = Field(default_factory=list)


class Metric(Response):
    """Value of a metric. Time is in milliseconds since 1970."""

    Time: int
    Value: float


class PodMetrics(Response):
    """Values of one metric for one pod."""

    PodId: str
    Metrics: list[Metric] = Field(default_factory=list)


_PodMetrics: TypeAlias = PodMetrics


class JobMetrics(Response):
    """Response of GetJobMetrics."""

    PodMetrics: list[_PodMetrics] = Field(default_factory=list)


class EcsSpec(Response):
    """Instance type that jobs can run on. Memory is in GiB (assumed)."""

    InstanceType: str
    AcceleratorType: str = ""
    Cpu: int = 0
    Memory: int = 0
    Gpu: int = 0
    GpuType: str = ""
    IsAvailable: bool = True
    ResourceType: str = ""
