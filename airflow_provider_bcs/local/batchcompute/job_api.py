"""Operations on jobs, tasks and instances."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from airflow_provider_bcs.batchcompute.facts import FINISHED, MAX_PRIORITY, STATES, Quotas
from airflow_provider_bcs.batchcompute.rules import check_quotas, validate_job
from airflow_provider_bcs.local.account import ACCOUNT_ID
from airflow_provider_bcs.local.error_response import invalid, missing, not_found, quota_exhausted
from airflow_provider_bcs.local.gateway import JsonRoute, request_id
from airflow_provider_bcs.local.request import Request
from airflow_provider_bcs.local.routes import PendingResponse, Response, Route
from airflow_provider_bcs.local.store import Where, where

from . import app_task
from .apps import Apps
from .clusters import Clusters
from .creation import create_once, idempotent_token, parse_object, refuse
from .description import fill_in_defaults, is_app, named_clusters
from .engine import Engine, stream_path
from .jobs import Job, Jobs, task_state
from .lifecycle import Lifecycle
from .listing import is_true, max_item_count, numeric_marker, page, state_filter

_JOB_ID = re.compile(r"job-[0-9A-F]{32}")
#: Seconds that CreateJob?sync waits for an app job; clients have a timeout of one minute.
_SYNC_SECONDS = 50


class JobApi:
    """Handlers of the operations on jobs, tasks and instances."""

    def __init__(
        self, jobs: Jobs, lifecycle: Lifecycle, engine: Engine, clusters: Clusters, apps: Apps, quotas: Quotas
    ) -> None:
        self._jobs = jobs
        self._clusters = clusters
        self._apps = apps
        self._lifecycle = lifecycle
        self._engine = engine
        self._store = jobs.store
        self._quotas = quotas

    def routes(self) -> list[JsonRoute]:
        job, task = "/jobs/{JobId}", "/jobs/{JobId}/tasks/{TaskName}"
        return [
            Route("batchcompute.CreateJob", "POST", "/jobs", self.create_job),
            Route("batchcompute.ListJobs", "GET", "/jobs", self.list_jobs),
            Route("batchcompute.GetJobDescription", "GET", job, self.get_job_description, "description"),
            Route("batchcompute.GetJob", "GET", job, self.get_job),
            Route("batchcompute.ChangeJobPriority", "PUT", job, self.change_job_priority),
            Route("batchcompute.DeleteJob", "DELETE", job, self.delete_job),
            Route("batchcompute.StartJob", "POST", f"{job}/start", self.start_job),
            Route("batchcompute.StopJob", "POST", f"{job}/stop", self.stop_job),
            Route("batchcompute.ListTasks", "GET", f"{job}/tasks", self.list_tasks),
            Route("batchcompute.GetTask", "GET", task, self.get_task),
            Route("batchcompute.ListInstances", "GET", f"{task}/instances", self.list_instances),
            Route("batchcompute.GetInstance", "GET", f"{task}/instances/{{InstanceId}}", self.get_instance),
        ]

    def create_job(self, request: Request) -> Response | PendingResponse[Response]:
        token, job, sync = idempotent_token(request), parse_object(request.body), "sync" in request.query
        refuse(validate_job(job, templates=False, quotas=self._quotas))
        if sync and not is_app(job):
            raise invalid("sync", "It is for jobs of Type App.")
        with self._store.transaction():
            job_id = create_once(self._store, "CreateJob", token, job, lambda: self._create(job))
            response = self._outcome(job_id) if sync else Response(201, {"Id": job_id})
        self._engine.wake()
        return response

    def _create(self, job: dict[str, Any]) -> str:
        if self._jobs.count() >= self._quotas.MaxJobCount:
            raise quota_exhausted("MaxJobCount", self._quotas.MaxJobCount)
        description = fill_in_defaults(job, self._quotas)
        if is_app(job):
            description |= self._of_app(job)
        self._require_clusters(description)
        return self._lifecycle.create(description)

    def _of_app(self, job: dict[str, Any]) -> dict[str, Any]:
        """Return the fields App and DAG of an app job, from the newest revision of its app."""
        app = self._apps.find(job["App"]["AppName"])
        if app is None:
            raise invalid("AppName", "There is no such app.")
        resolved = app_task.resolve(job["App"], app)
        tasks = {app_task.TASK_NAME: app_task.task_of(resolved, app)}
        refuse(list(check_quotas(tasks, 0, self._quotas)))
        return {"App": resolved, "DAG": {"Tasks": tasks, "Dependencies": {}}}

    def _outcome(self, job_id: str) -> Response | PendingResponse[Response]:
        """Return the response for the end of an app job. The codes and the time limit are assumptions."""
        job = self._jobs.get(job_id)
        if job is None:
            # The token belongs to a job that has been deleted, for example by AutoRelease.
            gone = f"{job_id} has ended and was deleted; its outcome is not available."
            return _app_result(None, {"Code": "JobDeleted", "Message": gone})
        future: Future[Response] = Future()

        def respond(ended: Job) -> None:
            # The request may have timed out: its future is then cancelled.
            if future.set_running_or_notify_cancel():
                error = {"Code": "", "Message": ""}
                if ended.state != FINISHED:
                    error = {"Code": f"Job{ended.state}", "Message": ended.message or f"{job_id} is {ended.state}."}
                future.set_result(_app_result(ended, error))

        self._lifecycle.call_at_end(job, respond)
        late = f"{job_id} has not ended within {_SYNC_SECONDS} s; repeat the request with the same IdempotentToken."
        return PendingResponse(future, _SYNC_SECONDS, _app_result(job, {"Code": "Timeout", "Message": late}))

    def _require_clusters(self, description: dict[str, Any]) -> None:
        self._clusters.settle()
        for cluster_id in named_clusters(description):
            self._clusters.require_usable(cluster_id)

    def get_job(self, request: Request) -> Response:
        with self._store.transaction():
            return Response(200, self._job_item(self._job(request)))

    def get_job_description(self, request: Request) -> Response:
        job = self._job(request)
        description = {**job.description, "Priority": job.priority, "Id": job.id}
        if is_app(description):
            # The task of an app job is internal to the local service.
            del description["DAG"]
        return Response(200, description)

    def list_jobs(self, request: Request) -> Response:
        count = max_item_count(request.query)
        condition = _filter(request)
        column = _order(request)
        # Assumptions: newest first; IsReverse reverses the order, with or without OrderBy.
        operator, direction = ("gt", "ASC") if is_true(request.query, "IsReverse") else ("lt", "DESC")
        marker = request.query.get("Marker", "")
        if marker:
            if not _JOB_ID.fullmatch(marker):
                raise invalid("Marker", "It must be a marker that a listing returned.")
            # The marker is the last JobId of the previous page. Its last 8 digits are the job's number, which grows in
            # the order of creation: the marker stays valid when the job is deleted.
            condition &= where(**{f"{column}__{operator}": marker if column == "id" else int(marker[-8:], 16)})
        with self._store.transaction():
            jobs = list(self._jobs.select(condition, f"{column} {direction}", count + 1))
            items = [self._job_item(job) for job in jobs[:count]]
        # A page without items, for MaxItemCount=0, ends the listing.
        return Response(200, page(items, items[-1]["Id"] if items and len(jobs) > count else ""))

    def start_job(self, request: Request) -> Response:
        with self._store.transaction():
            job = self._job(request)
            self._require_clusters(job.description)
            self._lifecycle.start(job)
        self._engine.wake()
        return Response(201)

    def stop_job(self, request: Request) -> Response:
        with self._store.lock:
            self._lifecycle.stop(self._job(request))
            self._engine.end_obsolete()
        return Response(201)

    def delete_job(self, request: Request) -> Response:
        with self._store.transaction():
            job = self._job(request)
            self._lifecycle.delete(job)
        self._engine.remove_job(job.id)
        return Response(204)

    def change_job_priority(self, request: Request) -> Response:
        with self._store.transaction():
            job = self._job(request)
            priority = parse_object(request.body).get("Priority")
            if priority is None:
                raise missing("Priority")
            if type(priority) is not int:
                raise invalid("Priority", "Its type must be integer.")
            if not 0 <= priority <= MAX_PRIORITY:
                raise invalid("Priority", f"It must be in [0, {MAX_PRIORITY}].")
            self._lifecycle.change_priority(job, priority)
        return Response(200)

    def list_tasks(self, request: Request) -> Response:
        count, first = max_item_count(request.query), numeric_marker(request.query)
        state, cluster_id = state_filter(request.query), request.query.get("ClusterId", "")
        with self._store.transaction():
            job = self._job(request)
            states = self._jobs.task_states(job)
            found = [
                (position, name)
                for position, (name, task) in enumerate(job.tasks.items())
                if position >= first and state in ("", states[name]) and cluster_id in ("", task["ClusterId"])
            ]
            items = [self._task_item(job, position, name, states[name]) for position, name in found[:count]]
        return Response(200, page(items, str(found[count][0]) if 0 < count < len(found) else ""))

    def get_task(self, request: Request) -> Response:
        with self._store.transaction():
            job, position, name = self._task(request)
            return Response(200, self._task_item(job, position, name, self._jobs.task_states(job)[name]))

    def list_instances(self, request: Request) -> Response:
        count, first = max_item_count(request.query), numeric_marker(request.query)
        state = state_filter(request.query)
        with self._store.transaction():
            job, position, name = self._task(request)
            condition = where(number__ge=first) & (where(state=state) if state else Where())
            rows = self._jobs.instances(job, position, condition, limit=count + 1)
        items = [_instance_item(job, name, row) for row in rows[:count]]
        return Response(200, page(items, str(rows[count]["number"]) if 0 < count < len(rows) else ""))

    def get_instance(self, request: Request) -> Response:
        with self._store.transaction():
            job, position, name = self._task(request)
            text = request.names["InstanceId"]
            # Only canonical decimal numbers are InstanceIds: neither "+1" nor "01".
            number = int(text) if re.fullmatch(r"0|[1-9][0-9]{0,8}", text) else -1
            rows = self._jobs.instances(job, position, where(number=number))
        if not rows:
            raise not_found()
        return Response(200, _instance_item(job, name, rows[0]))

    def _job(self, request: Request) -> Job:
        job = self._jobs.get(request.names["JobId"])
        if job is None:
            raise not_found()
        return job

    def _task(self, request: Request) -> tuple[Job, int, str]:
        job, name = self._job(request), request.names["TaskName"]
        if name not in job.tasks:
            raise not_found()
        return job, list(job.tasks).index(name), name

    def _job_item(self, job: Job) -> dict[str, Any]:
        counts = self._jobs.instance_counts(job).values()
        tasks = Counter(task_state(states, job.state, job.fails_on_instance_fail) for states in counts)
        return {
            "Id": job.id,
            "Name": job.description["Name"],
            "OwnerId": ACCOUNT_ID,
            "Priority": job.priority,
            "State": job.state,
            "Message": job.message,
            "CreationTime": job.created,
            "StartTime": job.started,
            "EndTime": job.ended,
            "TaskMetrics": _metrics(tasks),
            "InstanceMetrics": _metrics(sum(counts, Counter())),
        }

    def _task_item(self, job: Job, position: int, name: str, state: str) -> dict[str, Any]:
        started, ended = self._jobs.task_times(job, position, state)
        return {
            "TaskName": name,
            "State": state,
            "StartTime": started,
            "EndTime": ended,
            "InstanceMetrics": _metrics(self._jobs.instance_counts(job, position)[position]),
        }


def _app_result(job: Job | None, error: dict[str, str]) -> Response:
    outcome = {
        "StartTime": job.started if job else "",
        "EndTime": job.ended if job else "",
        "Outputs": _outputs(job, job.state) if job else {},
        "Error": error,
    }
    number = request_id()
    return Response(201, {"RequestId": number, **outcome}, {"x-acs-request-id": number})


def _outputs(job: Job, state: str) -> dict[str, Any]:
    """Return the Outputs of a Finished app job (assumption: the object paths), else an empty object."""
    outputs: dict[str, Any] = job.description["App"]["Outputs"] if state == FINISHED else {}
    return outputs


def _instance_item(job: Job, task: str, row: sqlite3.Row) -> dict[str, Any]:
    item = {
        "InstanceId": row["number"],
        "State": row["state"],
        "StartTime": row["started"],
        "EndTime": row["ended"],
        "RetryCount": row["retry_count"],
        # Assumption: programs cannot report progress, so Progress is 0 or 100.
        "Progress": 100 if row["state"] == FINISHED else 0,
        "NodeIp": "127.0.0.1",
        "StdoutRedirectPath": stream_path(job, task, row["number"], "stdout"),
        "StderrRedirectPath": stream_path(job, task, row["number"], "stderr"),
        "Result": {
            "ExitCode": row["exit_code"],
            "ErrorCode": row["error_code"],
            "ErrorMessage": row["error_message"],
            "Detail": row["detail"],
        },
    }
    if is_app(job.description):
        item["Error"] = {"Code": row["error_code"], "Message": row["error_message"]}
        item["Outputs"] = _outputs(job, row["state"])
    return item


def _filter(request: Request) -> Where:
    condition = Where()
    if state := state_filter(request.query):
        condition &= where(state=state)
    if cluster_id := request.query.get("ClusterId", ""):
        condition &= Where("EXISTS (SELECT 1 FROM tasks WHERE job = jobs.number AND cluster_id = ?)", (cluster_id,))
    return condition


def _order(request: Request) -> str:
    order_by = request.query.get("OrderBy", "") or "CreationTime"
    columns = {"CreationTime": "number", "Id": "id"}
    if order_by not in columns:
        raise invalid("OrderBy", f"It must be one of {', '.join(columns)}.")
    return columns[order_by]


def _metrics(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the five counters of a TaskMetrics or InstanceMetrics object, by real state."""
    return {f"{state}Count": counts.get(state, 0) for state in STATES}
