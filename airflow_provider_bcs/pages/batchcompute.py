"""A job of BatchCompute for its page, read through the API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.batchcompute.facts import FAILED, FINISHED, RUNNING, STATES
from airflow_provider_bcs.exceptions import ApiError, NotFoundError

from .model import LOG_LINES, MAX_UNITS, JobView, Log, LogName, Part, Unit
from .times import api_time

if TYPE_CHECKING:
    from airflow_provider_bcs.batchcompute.client import Client
    from airflow_provider_bcs.batchcompute.instance_logs import Texts
    from airflow_provider_bcs.batchcompute.response import Instance, Job, Task

#: The states whose instances are shown first.
_FIRST = (FAILED, RUNNING)
_CHANGES = {"State", "Message", "StartTime", "EndTime", "TaskMetrics", "InstanceMetrics"}


class BatchComputeJob:
    """Reader of one job. While its state and counts stay the same, a reading is one call.

    :param client: sends the requests
    :param job_id: id of the job
    :param texts: returns the source of the logs
    :param place: where the service is, as the page says it
    :param secrets: texts that the page masks
    """

    def __init__(
        self, client: Client, job_id: str, texts: Callable[[], Texts], place: str = "", secrets: Sequence[str] = ()
    ) -> None:
        self._client = client
        self._job_id = job_id
        self._texts = texts
        self._place = place
        self._secrets = secrets
        self._description: dict[str, Any] | None = None
        self._seen: dict[str, Any] = {}
        self._parts: list[Part] = []
        self._uris: dict[LogName, str] = {}

    def read(self) -> JobView:
        """Return the job as it is now.

        :raises ApiError: when the service refuses the request or does not answer
        """
        job = self._client.get_job(self._job_id)
        if self._description is None:
            self._description = self._client.get_job_description(self._job_id).detail()
        seen = job.model_dump(include=_CHANGES)
        if seen != self._seen:
            self._parts = [self._part(task) for task in self._client.list_tasks(self._job_id)]
            self._seen = seen
        return self._view(job, self._description)

    def _view(self, job: Job, description: Mapping[str, Any]) -> JobView:
        return JobView(
            service="BatchCompute",
            id=self._job_id,
            name=job.Name,
            state=job.State,
            is_active=not job.is_terminal,
            message=job.Message,
            part_word="Task",
            unit_word="instance",
            start=api_time(job.StartTime),
            end=api_time(job.EndTime),
            now=api_time(self._client.now()),
            facts=[("Priority", str(job.Priority))],
            parts=self._parts,
            edges=list(_edges(description, {part.name for part in self._parts})),
            description=description,
            place=self._place,
            secrets=self._secrets,
        )

    def read_log(self, name: LogName) -> Log:
        """Return the last lines of a log. A log that cannot be read says why, and is no error."""
        uri = self._uris.get(name)
        if uri is None:
            return Log(name.log, (), "not found")
        try:
            lines = self._texts().head_and_tail(uri, 0, LOG_LINES).last
        except NotFoundError:
            return Log(name.log, (), f"nothing yet: {uri}")
        except (ApiError, ValueError) as error:
            return Log(name.log, (), f"not readable: {error}")
        return Log(name.log, lines, uri if lines else f"empty: {uri}")

    def _part(self, task: Task) -> Part:
        counts = Counter({state: getattr(task.InstanceMetrics, f"{state}Count") for state in STATES})
        instances = self._instances(task, counts)
        description = self._task_description(task.TaskName)
        command = description.get("Parameters", {}).get("Command", {}).get("CommandLine", "")
        units = [self._unit(task.TaskName, instance) for instance in instances]
        return Part(
            name=task.TaskName,
            state=task.State,
            counts=+counts,
            command=command,
            description=description,
            units=sorted(units, key=lambda unit: int(unit.name)),
            hidden=max(0, counts.total() - len(units)),
            start=api_time(task.StartTime),
            end=api_time(task.EndTime),
        )

    def _task_description(self, name: str) -> Mapping[str, Any]:
        dag = (self._description or {}).get("DAG") or {}
        found: Mapping[str, Any] = (dag.get("Tasks") or {}).get(name) or {}
        return found

    def _instances(self, task: Task, counts: Mapping[str, int]) -> list[Instance]:
        """Return as many instances as a page shows, those first that failed or run."""
        found: dict[int, Instance] = {}
        for state in (*_FIRST, *(state for state in STATES if state not in _FIRST)):
            if not counts[state] or len(found) >= MAX_UNITS:
                continue
            # An instance may change its state between two requests.
            for instance in self._client.list_instances(self._job_id, task.TaskName, state, page_size=MAX_UNITS):
                found[instance.InstanceId] = instance
                if len(found) >= MAX_UNITS:
                    break
        return list(found.values())

    def _unit(self, task_name: str, instance: Instance) -> Unit:
        result, name = instance.Result, str(instance.InstanceId)
        reason = ": ".join(filter(None, (result.ErrorCode, result.ErrorMessage)))
        retries = f"Retries: {instance.RetryCount}" if instance.RetryCount else ""
        paths = {"stderr": instance.StderrRedirectPath, "stdout": instance.StdoutRedirectPath}
        self._uris |= {LogName(task_name, name, log): uri for log, uri in paths.items() if uri}
        return Unit(
            name=name,
            state=instance.State,
            start=api_time(instance.StartTime),
            end=api_time(instance.EndTime),
            exit_code=str(result.ExitCode) if instance.State in (FINISHED, FAILED) else "",
            notes=[note for note in (reason, result.Detail, retries) if note],
            logs=[
                Log(log, (), uri or "not kept: the task has no path for it", is_kept=bool(uri))
                for log, uri in paths.items()
            ]
            if instance.StartTime
            else [],
        )


def _edges(description: Mapping[str, Any], names: set[str]) -> Iterator[tuple[str, str]]:
    dependencies = (description.get("DAG") or {}).get("Dependencies") or {}
    for source, targets in dependencies.items():
        for target in targets:
            if {source, target} <= names:
                yield source, target
