"""The BatchCompute client: one method an operation, named as in the vendor's SDK."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Literal, overload

from airflow_provider_bcs.description.model import known_fields_only
from airflow_provider_bcs.description.source import JobSource
from airflow_provider_bcs.exceptions import StateConflictError
from airflow_provider_bcs.http.client import path_segment
from airflow_provider_bcs.http.response import Unreadable

from .app_client import AppOperations
from .cluster_client import ClusterOperations
from .facts import MAX_PAGE_SIZE
from .image_client import ImageOperations
from .job import JobDescription
from .response import AppResult, Created, Instance, Job, Task
from .source import read_job


class Client(ClusterOperations, ImageOperations, AppOperations):
    """Talks to BatchCompute, API version 2015-11-11.

    Wherever a job is asked for by its id, an object with ``Id`` will do. All methods raise
    :class:`~airflow_provider_bcs.exceptions.ApiError`.
    """

    # Jobs

    @overload
    def create_job(self, job: JobSource, token: str = "", sync: Literal[False] = False) -> Created: ...

    @overload
    def create_job(self, job: JobSource, token: str = "", *, sync: Literal[True]) -> AppResult: ...

    def create_job(self, job: JobSource, token: str = "", sync: bool = False) -> Created | AppResult:
        """Submit a job; its id is the ``Id`` of what is returned.

        :param job: anything a job can be given as
        :param token: up to 64 letters, digits and underscores; the same token with the same job gives the same
            job again instead of a second one. Without it one is made up, so that a lost answer makes no second job
        :param sync: wait until the job, which is one of Type App, has ended, and return how. The service answers when
            it has; what takes longer than the time-out of an answer is asked for again, as after any lost answer
        """
        if sync:
            return self._create(AppResult, "/jobs", read_job(job), token, sync="")
        return self._create(Created, "/jobs", read_job(job), token)

    def get_job(self, job: Any) -> Job:
        """Return state, times and counts of a job."""
        return self._get(Job, _job_path(job))

    def get_job_description(self, job: Any) -> JobDescription:
        """Return what was submitted, with the service's defaults filled in; fields unknown to us are left out."""
        content = self._session.send("GET", f"{_job_path(job)}?description", repeatable=True)
        return JobDescription(known_fields_only(JobDescription, content))

    def list_jobs(
        self,
        state: str = "",
        cluster_id: str = "",
        *,
        order_by: str = "",
        reverse: bool = False,
        page_size: int = MAX_PAGE_SIZE,
        unreadable: Unreadable | None = None,
        fields: Collection[str] | None = None,
    ) -> Iterator[Job]:
        """Iterate over all jobs, page by page as they are asked for.

        :param state: only jobs in this state
        :param cluster_id: only jobs of this cluster
        :param order_by: ``CreationTime`` or ``Id``
        :param reverse: the other way round
        :param page_size: jobs a request, 1 to 100
        :param unreadable: is given the error of a job that cannot be read, which is left out then; None to raise it
        :param fields: read only these of each job, which takes less time; the others are as if they had not been sent
        """
        filters = {"State": state, "ClusterId": cluster_id, "OrderBy": order_by}
        filters["IsReverse"] = "true" if reverse else ""
        return self._list(Job, "/jobs", filters, page_size, unreadable=unreadable, fields=fields)

    def start_job(self, job: Any) -> None:
        """Run a stopped or failed job again; instances that had finished are not run again."""
        # Not repeatable: a second start could undo a stop that came in between.
        self._session.send("POST", f"{_job_path(job)}/start", repeatable=False)

    def stop_job(self, job: Any) -> None:
        """Stop a waiting or running job; it is stopped when this returns."""
        self._send_until("POST", f"{_job_path(job)}/stop", StateConflictError)

    def delete_job(self, job: Any) -> None:
        """Delete a job that has ended."""
        self._delete(_job_path(job))

    def change_job_priority(self, job: Any, priority: int) -> None:
        """Set the priority, 0 to 1000, of a stopped or failed job."""
        self._session.send("PUT", _job_path(job), {"Priority": priority}, repeatable=True)

    # Tasks and instances

    def get_task(self, job: Any, task_name: str) -> Task:
        """Return state, times and counts of a task."""
        return self._get(Task, _task_path(job, task_name))

    def list_tasks(
        self, job: Any, *, page_size: int = MAX_PAGE_SIZE, unreadable: Unreadable | None = None
    ) -> Iterator[Task]:
        """Iterate over the tasks of a job; ``unreadable`` as for the jobs."""
        return self._list(Task, f"{_job_path(job)}/tasks", {}, page_size, unreadable=unreadable)

    def get_instance(self, job: Any, task_name: str, instance_id: int) -> Instance:
        """Return state, times and result of an instance; they are numbered from 0."""
        return self._get(Instance, f"{_task_path(job, task_name)}/instances/{int(instance_id)}")

    def list_instances(
        self,
        job: Any,
        task_name: str,
        state: str = "",
        *,
        page_size: int = MAX_PAGE_SIZE,
        unreadable: Unreadable | None = None,
    ) -> Iterator[Instance]:
        """Iterate over the instances of a task, or over those in one state; ``unreadable`` as for the jobs."""
        path = f"{_task_path(job, task_name)}/instances"
        # Markers of this one list are numbers, and the first page's is 0.
        return self._list(Instance, path, {"State": state}, page_size, first_marker="0", unreadable=unreadable)


def _job_path(job: Any) -> str:
    return f"/jobs/{path_segment(getattr(job, 'Id', job), 'job id')}"


def _task_path(job: Any, task_name: str) -> str:
    return f"{_job_path(job)}/tasks/{path_segment(task_name, 'task name')}"
