"""Jobs of BatchCompute for their pages, read by the same operations that clients use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from airflow_provider_bcs.batchcompute.facts import ACTIVE, FAILED, FINISHED, RUNNING, STATES
from airflow_provider_bcs.local.clock import now
from airflow_provider_bcs.local.pages.tail import tail
from airflow_provider_bcs.local.request import Request
from airflow_provider_bcs.local.routes import Response
from airflow_provider_bcs.local.shim.failure import Failure
from airflow_provider_bcs.local.shim.objects import ObjectTree
from airflow_provider_bcs.pages.model import MAX_LOGS, MAX_UNITS, JobView, Log, Part, Unit

from .job_api import JobApi
from .jobs import Job, Jobs

#: The states whose instances are shown first.
_FIRST = (FAILED, RUNNING)


class JobViews:
    """Reader of jobs for their pages.

    :param api: operations that give the states
    """

    def __init__(self, jobs: Jobs, api: JobApi, data_dir: Path) -> None:
        self._jobs = jobs
        self._api = api
        self._objects = ObjectTree(str(data_dir))

    def read(self, job_id: str) -> JobView | None:
        """Return a job, None when it does not exist."""
        with self._jobs.store.transaction():
            job = self._jobs.get(job_id)
            if job is None:
                return None
            item = self._answer(self._api.get_job, job_id)
            # A job has at most 16 tasks.
            tasks = self._answer(self._api.list_tasks, job_id)["Items"]
            instances = {task["TaskName"]: self._instances(job_id, task["TaskName"]) for task in tasks}
        most_logs = max(1, MAX_LOGS // max(1, len(tasks)))
        return JobView(
            service="BatchCompute",
            id=job_id,
            name=item["Name"],
            state=item["State"],
            is_active=item["State"] in ACTIVE,
            message=item["Message"],
            part_word="Task",
            unit_word="instance",
            start=item["StartTime"],
            end=item["EndTime"],
            now=now(),
            facts=[("Priority", str(item["Priority"]))],
            parts=[self._part(job, task, instances[task["TaskName"]], most_logs) for task in tasks],
            edges=list(_edges(job)),
            description=job.description,
        )

    def _answer(self, operation: Any, job_id: str, task: str = "", **query: str) -> Any:
        response: Response = operation(
            Request("GET", {"JobId": job_id, "TaskName": task}, list(query.items()), headers={})
        )
        return response.body

    def _instances(self, job_id: str, task: str) -> list[dict[str, Any]]:
        """Return as many instances as a page shows, those first that failed or run."""
        found: list[dict[str, Any]] = []
        for state in (*_FIRST, *(state for state in STATES if state not in _FIRST)):
            if room := MAX_UNITS - len(found):
                query = {"State": state, "MaxItemCount": str(room)}
                found += self._answer(self._api.list_instances, job_id, task, **query)["Items"]
        return found

    def _part(self, job: Job, item: Mapping[str, Any], instances: list[dict[str, Any]], most_logs: int) -> Part:
        name = item["TaskName"]
        task = job.tasks[name]
        counts = Counter({state: item["InstanceMetrics"][f"{state}Count"] for state in STATES})
        started = [each["InstanceId"] for each in instances if each["StartTime"]]
        with_logs = set(started[:most_logs])
        units = [self._unit(each, is_read=each["InstanceId"] in with_logs) for each in instances]
        return Part(
            name=name,
            state=item["State"],
            counts=+counts,
            command=task["Parameters"]["Command"]["CommandLine"],
            description=task,
            units=sorted(units, key=lambda unit: int(unit.name)),
            hidden=counts.total() - len(units),
            start=item["StartTime"],
            end=item["EndTime"],
        )

    def _unit(self, item: Mapping[str, Any], *, is_read: bool) -> Unit:
        result = item["Result"]
        reason = ": ".join(filter(None, (result["ErrorCode"], result["ErrorMessage"])))
        retries = f"Retries: {item['RetryCount']}" if item["RetryCount"] else ""
        return Unit(
            name=str(item["InstanceId"]),
            state=item["State"],
            start=item["StartTime"],
            end=item["EndTime"],
            exit_code=str(result["ExitCode"]) if item["State"] in (FINISHED, FAILED) else "",
            notes=[note for note in (reason, result["Detail"], retries) if note],
            logs=list(self._logs(item)) if is_read else [],
        )

    def _logs(self, item: Mapping[str, Any]) -> Iterator[Log]:
        for name in ("Stdout", "Stderr"):
            uri = item[f"{name}RedirectPath"]
            if not uri:
                yield Log(name.lower(), (), f"not kept: the task has no {name}RedirectPath")
                continue
            try:
                yield tail(name.lower(), self._objects.path(uri), uri)
            except Failure as failure:
                yield Log(name.lower(), (), f"not readable: {failure}")


def _edges(job: Job) -> Iterator[tuple[str, str]]:
    for source, targets in job.description["DAG"]["Dependencies"].items():
        for target in targets:
            yield source, target
