"""A job of PAI-DLC for its page, read through the API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.dlc.facts import FAILED, RUNNING
from airflow_provider_bcs.dlc.failure import FIRST_SPAN, last_lines
from airflow_provider_bcs.dlc.job_logs import short_pod_id
from airflow_provider_bcs.dlc.submission import author_name
from airflow_provider_bcs.exceptions import ApiError

from .model import MAX_UNITS, JobView, Log, LogName, Part, Unit
from .times import api_time

if TYPE_CHECKING:
    from airflow_provider_bcs.dlc.client import Client
    from airflow_provider_bcs.dlc.response import Job, Pod

_ORDER = {FAILED: 0, RUNNING: 1}
_LOG = "log"


class DlcJob:
    """Reader of one job. A reading is one call.

    :param client: sends the requests
    :param job_id: ``JobId`` of the job
    :param place: where the service is, as the page says it
    :param secrets: texts that the page masks
    """

    def __init__(self, client: Client, job_id: str, place: str = "", secrets: Sequence[str] = ()) -> None:
        self._client = client
        self._job_id = job_id
        self._place = place
        self._secrets = secrets
        self._job: Job | None = None
        # Seconds of each pod's log that held its last lines at the last reading.
        self._spans: dict[LogName, int] = {}

    def read(self) -> JobView:
        """Return the job as it is now.

        :raises ApiError: when the service refuses the request or does not answer
        """
        self._job = job = self._client.get_job(self._job_id)
        roles: dict[str, list[Pod]] = {}
        for pod in job.Pods:
            roles.setdefault(pod.Type, []).append(pod)
        if not roles:
            roles = {str(spec.get("Type", "")): [] for spec in job.JobSpecs}
        return JobView(
            service="PAI-DLC",
            id=self._job_id,
            name=author_name(job),
            state=job.Status,
            is_active=not job.is_terminal,
            message=": ".join(filter(None, (job.ReasonCode, job.ReasonMessage))),
            part_word="Role",
            unit_word="pod",
            start=api_time(job.GmtRunningTime),
            end=api_time(job.GmtFinishTime),
            now=api_time(self._client.now()),
            facts=[(name, value) for name, value in _facts(job) if value],
            parts=[self._part(job, role, pods) for role, pods in roles.items()],
            description={"Envs": job.Envs, "UserCommand": job.UserCommand, "JobSpecs": job.JobSpecs},
            place=self._place,
            secrets=self._secrets,
        )

    def read_log(self, name: LogName) -> Log:
        """Return the last lines of a pod's log. A log that cannot be read says why, and is no error."""
        pods = self._job.Pods if self._job else []
        pod = next((pod for pod in pods if short_pod_id(self._job_id, pod.PodId) == name.unit), None)
        if self._job is None or pod is None:
            return Log(name.log, (), "not found")
        try:
            lines, span = last_lines(self._client, self._job, pod, self._spans.get(name, FIRST_SPAN))
        except ApiError as error:
            return Log(name.log, (), f"not readable: {error}")
        self._spans[name] = span
        return Log(name.log, lines, "" if lines else "empty")

    def _part(self, job: Job, role: str, pods: Sequence[Pod]) -> Part:
        spec = _spec_of(job, role)
        counts = Counter(pod.Status for pod in pods)
        if not pods and not job.is_terminal:
            counts["not created"] = int(spec.get("PodCount") or 0)
        # The sort keeps the order of the service among pods of one state.
        shown = sorted(pods, key=lambda pod: _ORDER.get(pod.Status, 2))[:MAX_UNITS]
        return Part(
            name=role,
            state="",
            counts=counts,
            command=str(spec.get("UserCommand") or job.UserCommand or ""),
            description=spec,
            units=[self._unit(pod) for pod in pods if pod in shown],
            hidden=len(pods) - len(shown),
        )

    def _unit(self, pod: Pod) -> Unit:
        detail = pod.StatusDetail
        reason = ": ".join(filter(None, (detail.Reason, detail.Message)))
        state = pod.SubStatus if pod.SubStatus not in ("", "Normal") else ""
        replaced = f"Pods before this one in its place: {len(pod.HistoryPods)}" if pod.HistoryPods else ""
        return Unit(
            name=short_pod_id(self._job_id, pod.PodId),
            state=pod.Status,
            start=api_time(pod.GmtStartTime),
            end=api_time(pod.GmtFinishTime),
            exit_code=detail.ExitCode if pod.is_terminal else "",
            notes=[note for note in (state, reason, replaced) if note],
            logs=[Log(_LOG, ())] if pod.GmtStartTime else [],
        )


def _spec_of(job: Job, role: str) -> Mapping[str, Any]:
    """Return the description of a role. No JobSpec describes the master, which is a worker of a PyTorchJob."""
    specs: dict[str, Mapping[str, Any]] = {str(spec.get("Type", "")).lower(): spec for spec in job.JobSpecs}
    return specs.get(role.lower()) or next(iter(specs.values()), {})


def _facts(job: Job) -> list[tuple[str, str]]:
    missing = sum(int(spec.get("PodCount") or 0) for spec in job.JobSpecs) - len(job.Pods)
    return [
        ("Type", job.JobType),
        ("Priority", str(job.Priority)),
        ("Workspace", job.WorkspaceId),
        ("Restarts", job.RestartTimes),
        ("Pods not created", str(missing) if missing > 0 and not job.is_terminal else ""),
    ]
