"""Operations on logs, events and metrics of pods."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from airflow_provider_bcs.dlc.facts import DEFAULT_EVENTS, DEFAULT_LINES, MAX_EVENTS
from airflow_provider_bcs.local.gateway import JsonRoute
from airflow_provider_bcs.local.request import Request
from airflow_provider_bcs.local.routes import Response, Route
from airflow_provider_bcs.local.shim.clock import stamp
from airflow_provider_bcs.local.shim.pod import LOG_FILE
from airflow_provider_bcs.local.store import Where, where

from .engine import Engine
from .errors import invalid, missing, not_found
from .job_api import find_job
from .jobs import Job, Jobs, Pod
from .log_file import read_lines
from .metrics import COLUMNS, UNMEASURED
from .parameters import choice, integer, window

_STEP = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class PodApi:
    """Handlers of the operations on logs, events and metrics."""

    def __init__(self, jobs: Jobs, engine: Engine) -> None:
        self._jobs = jobs
        self._engine = engine
        self._store = jobs.store

    def routes(self) -> list[JsonRoute]:
        job, pod = "/api/v1/jobs/{JobId}", "/api/v1/jobs/{JobId}/pods/{PodId}"
        return [
            Route("dlc.GetPodLogs", "GET", f"{pod}/logs", self.get_pod_logs),
            Route("dlc.GetPodEvents", "GET", f"{pod}/events", self.get_pod_events),
            Route("dlc.GetJobEvents", "GET", f"{job}/events", self.get_job_events),
            Route("dlc.GetJobMetrics", "GET", f"{job}/metrics", self.get_job_metrics),
        ]

    def get_pod_logs(self, request: Request) -> Response:
        """Return the log lines of a time window. Assumption: MaxLines selects the last lines."""
        times = window(request.query, self._jobs.clock, None)
        count = integer(request.query, "MaxLines", DEFAULT_LINES, 1)
        with self._store.transaction():
            job, pod = self._pod(request)
        lines = read_lines(self._engine.directory(job, pod) / LOG_FILE, times, count)
        return Response(200, {"JobId": job.id, "PodId": pod.id, "PodUid": pod.uid, "Logs": lines})

    def get_pod_events(self, request: Request) -> Response:
        with self._store.transaction():
            job, pod = self._pod(request)
            events = self._events(request, where(job=job.number, uid=pod.uid))
        return Response(200, {"JobId": job.id, "PodId": pod.id, "PodUid": pod.uid, "Events": events})

    def get_job_events(self, request: Request) -> Response:
        with self._store.transaction():
            job = find_job(self._jobs, request)
            return Response(200, {"JobId": job.id, "Events": self._events(request, where(job=job.number))})

    def _events(self, request: Request, condition: Where) -> list[str]:
        """Return the last events of a time window, oldest first."""
        start, end = window(request.query, self._jobs.clock)
        count = integer(request.query, "MaxEventsNum", DEFAULT_EVENTS, 1, MAX_EVENTS)
        within = condition & where(time__ge=start, time__lt=end + 1)
        rows = self._store.select("dlc_events", within, order="rowid DESC", limit=count)
        return [f"{stamp(row['time'])} {row['text']}" for row in reversed(rows)]

    def get_job_metrics(self, request: Request) -> Response:
        """Return means over time steps; assumption: Time is the start of a step."""
        if not request.query.get("MetricType"):
            raise missing("MetricType")
        kind = choice(request.query, "MetricType", "", (*COLUMNS, *UNMEASURED))
        start, end = window(request.query, self._jobs.clock, _SECONDS["h"])
        match = _STEP.fullmatch(request.query.get("TimeStep", "") or "5m")
        if match is None:
            raise invalid("TimeStep", "It must be a number and a unit, such as 30s, 5m, 1h or 1d.")
        step = int(match[1]) * _SECONDS[match[2]]
        with self._store.transaction():
            job = find_job(self._jobs, request)
            metrics: dict[str, list[dict[str, Any]]] = {pod.id: [] for pod in self._jobs.present_pods(job)}
            for row in self._samples(job, start or 0, end, step) if kind in COLUMNS else ():
                metrics[row["pod"]].append({"Time": row["step"] * step * 1000, "Value": row[COLUMNS[kind]]})
        found = [{"PodId": pod_id, "Metrics": values} for pod_id, values in metrics.items()]
        return Response(200, {"JobId": job.id, "PodMetrics": found})

    def _samples(self, job: Job, start: int, end: int, step: int) -> list[sqlite3.Row]:
        return self._store.rows(
            "SELECT pod, CAST(time / ? AS INTEGER) AS step, AVG(cpu) AS cpu, AVG(memory) AS memory,"
            " AVG(disk_read) AS disk_read, AVG(disk_write) AS disk_write FROM dlc_samples"
            " WHERE job = ? AND time >= ? AND time < ? GROUP BY pod, step ORDER BY pod, step",
            step,
            job.number,
            start,
            end + 1,
        )

    def _pod(self, request: Request) -> tuple[Job, Pod]:
        """Return the incarnation with the PodUid of the request; without PodUid, return the current one.

        :raises ErrorResponse: NotFound
        """
        job, pod_id, uid = find_job(self._jobs, request), request.names["PodId"], request.query.get("PodUid", "")
        for incarnations in self._jobs.pods(job).values():
            for pod in reversed(incarnations):
                if pod.id == pod_id and uid in ("", pod.uid):
                    return job, pod
        raise not_found(f"The pod {pod_id}{f' with the PodUid {uid}' if uid else ''} of the job {job.id}")
