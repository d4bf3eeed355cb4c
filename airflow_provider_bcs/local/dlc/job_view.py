"""Jobs of PAI-DLC for their pages, read by the same operation that clients use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_bcs.dlc.facts import ENDED, FAILED, POD_TERMINAL, RUNNING
from airflow_provider_bcs.local.shim.pod import LOG_FILE
from airflow_provider_bcs.local.shim.result import read_result
from airflow_provider_bcs.pages.model import LOG_LINES, MAX_LOGS, MAX_UNITS, JobView, Log, Part, Unit

from .clock import utc
from .engine import Engine
from .fields import job_detail
from .jobs import Job, Jobs, Pod
from .log_file import read_lines
from .parameters import Window

_ORDER = {FAILED: 0, RUNNING: 1}


class JobViews:
    """Reader of jobs for their pages."""

    def __init__(self, jobs: Jobs, engine: Engine) -> None:
        self._jobs = jobs
        self._engine = engine

    def read(self, job_id: str) -> JobView | None:
        """Return a job, None when it does not exist."""
        with self._jobs.store.transaction():
            job = self._jobs.get(job_id)
            if job is None:
                return None
            detail = job_detail(self._jobs, job, self._engine.result)
            pods = self._jobs.pods(job)
        roles: dict[str, list[Sequence[Pod]]] = {}
        for place in dict.fromkeys(place.role for place in job.places):
            roles[place] = [found for found in pods.values() if found[-1].role == place]
        most_logs = max(1, MAX_LOGS // len(roles))
        return JobView(
            service="PAI-DLC",
            id=job_id,
            name=detail["DisplayName"],
            state=detail["Status"],
            is_active=detail["Status"] not in ENDED,
            message=": ".join(filter(None, (detail["ReasonCode"], detail["ReasonMessage"]))),
            part_word="Role",
            unit_word="pod",
            start=detail["GmtRunningTime"],
            end=detail["GmtFinishTime"],
            now=utc(self._jobs.clock.now()),
            facts=_facts(detail),
            parts=[self._part(job, role, roles[role], most_logs) for role in roles],
            description=job.body,
        )

    def _part(self, job: Job, role: str, pods: Sequence[Sequence[Pod]], most_logs: int) -> Part:
        spec = job.body["JobSpecs"][next(place.spec for place in job.places if place.role == role)]
        present = [incarnations[-1] for incarnations in pods]
        counts = Counter(pod.status for pod in present)
        if missing := sum(place.role == role for place in job.places) - len(present):
            counts["not created"] = missing
        shown = sorted(pods, key=lambda each: (_ORDER.get(each[-1].status, 2), each[-1].position))[:MAX_UNITS]
        read = {pod.position for *_, pod in [each for each in shown if each[-1].started is not None][:most_logs]}
        return Part(
            name=role,
            state="",
            counts=counts,
            command=spec.get("UserCommand") or job.body.get("UserCommand") or "",
            description=spec,
            hidden=len(present) - len(shown),
            units=[
                self._unit(job, each, is_read=each[-1].position in read)
                for each in sorted(shown, key=lambda each: each[-1].position)
            ],
        )

    def _unit(self, job: Job, incarnations: Sequence[Pod], *, is_read: bool) -> Unit:
        pod = incarnations[-1]
        directory = self._engine.directory(job, pod)
        result = read_result(str(directory)) if pod.status in POD_TERMINAL else None
        reason = ": ".join(filter(None, (result["ErrorCode"], result["ErrorMessage"]))) if result else ""
        replaced = f"Pods before this one in its place: {len(incarnations) - 1}" if len(incarnations) > 1 else ""
        logs = []
        if is_read:
            lines = read_lines(directory / LOG_FILE, Window(None, int(self._jobs.clock.now())), LOG_LINES)
            logs = [Log("log", lines, "" if lines else "empty")]
        return Unit(
            name=pod.id.removeprefix(f"{job.id}-"),
            state=pod.status,
            start=utc(pod.started),
            end=utc(pod.finished),
            exit_code=str(result["ExitCode"]) if result else "",
            notes=[note for note in (reason, replaced) if note],
            logs=logs,
        )


def _facts(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Type", detail["JobType"]),
        ("Priority", str(detail["Priority"])),
        ("Workspace", detail["WorkspaceId"]),
        ("Restarts", detail["RestartTimes"]),
    ]
