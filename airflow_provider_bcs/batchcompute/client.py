"""The BatchCompute client: one method an operation, named as in the vendor's SDK."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_bcs.description.model import known_fields_only
from airflow_provider_bcs.description.source import JobSource
from airflow_provider_bcs.openapi import roa
from airflow_provider_bcs.openapi.client import ServiceClient, path_segment
from airflow_provider_bcs.openapi.errors import NotFoundError, StateConflictError
from airflow_provider_bcs.openapi.response import Response, read_answer

from .job import JobDescription
from .response import Created, Instance, Job, Task
from .source import read_job

if TYPE_CHECKING:
    import requests

R = TypeVar("R", bound=Response)

#: The most items the service gives on one page.
MAX_PAGE_SIZE = 100


class Client(ServiceClient):
    """Talks to BatchCompute, API version 2015-11-11.

    Wherever a job is asked for by its id, an object with ``Id`` will do. All methods raise
    :class:`~airflow_provider_bcs.openapi.errors.OpenApiError`.
    """

    service = "batchcompute"

    def _sign(self, request: requests.PreparedRequest) -> None:
        keys = self._credentials()
        body = request.body or b""
        headers: dict[str, str] = {}
        roa.sign(
            request.method or "",
            request.path_url,
            headers,
            body=body.encode() if isinstance(body, str) else body,
            access_key_id=keys.access_key_id,
            access_key_secret=keys.access_key_secret,
            security_token=keys.security_token,
            region=self.region,
            date=formatdate(usegmt=True),
            nonce=str(uuid.uuid4()),
        )
        request.headers.update(headers)

    # Jobs

    def create_job(self, job: JobSource, token: str = "") -> Created:
        """Submit a job; its id is the ``Id`` of what is returned.

        :param job: anything a job can be given as
        :param token: up to 64 letters, digits and underscores; the same token with the same job gives the same
            job again instead of a second one. Without it one is made up, so that a lost answer makes no second job
        """
        target = f"/jobs?{roa.encode_query({'IdempotentToken': token or uuid.uuid4().hex})}"
        return read_answer(Created, self._session.send("POST", target, read_job(job), repeatable=True))

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
    ) -> Iterator[Job]:
        """Iterate over all jobs, page by page as they are asked for.

        :param state: only jobs in this state
        :param cluster_id: only jobs of this cluster
        :param order_by: ``CreationTime`` or ``Id``
        :param reverse: the other way round
        :param page_size: jobs a request, 1 to 100
        """
        filters = {"State": state, "ClusterId": cluster_id, "OrderBy": order_by}
        filters["IsReverse"] = "true" if reverse else ""
        return self._list(Job, "/jobs", filters, page_size)

    def start_job(self, job: Any) -> None:
        """Run a stopped or failed job again; instances that had finished are not run again."""
        # Not repeatable: a second start could undo a stop that came in between.
        self._session.send("POST", f"{_job_path(job)}/start", repeatable=False)

    def stop_job(self, job: Any) -> None:
        """Stop a waiting or running job; it is stopped when this returns."""
        try:
            self._session.send("POST", f"{_job_path(job)}/stop", repeatable=True)
        except StateConflictError as error:
            # The first attempt was carried out and only its answer was lost.
            if error.attempts == 1:
                raise

    def delete_job(self, job: Any) -> None:
        """Delete a job that has ended."""
        try:
            self._session.send("DELETE", _job_path(job), repeatable=True)
        except NotFoundError as error:
            # The first attempt was carried out and only its answer was lost.
            if error.attempts == 1:
                raise

    def change_job_priority(self, job: Any, priority: int) -> None:
        """Set the priority, 0 to 1000, of a stopped or failed job."""
        self._session.send("PUT", _job_path(job), {"Priority": priority}, repeatable=True)

    # Tasks and instances

    def get_task(self, job: Any, task_name: str) -> Task:
        """Return state, times and counts of a task."""
        return self._get(Task, _task_path(job, task_name))

    def list_tasks(self, job: Any, *, page_size: int = MAX_PAGE_SIZE) -> Iterator[Task]:
        """Iterate over the tasks of a job."""
        return self._list(Task, f"{_job_path(job)}/tasks", {}, page_size)

    def get_instance(self, job: Any, task_name: str, instance_id: int) -> Instance:
        """Return state, times and result of an instance; they are numbered from 0."""
        return self._get(Instance, f"{_task_path(job, task_name)}/instances/{int(instance_id)}")

    def list_instances(
        self, job: Any, task_name: str, state: str = "", *, page_size: int = MAX_PAGE_SIZE
    ) -> Iterator[Instance]:
        """Iterate over the instances of a task, or over those in one state."""
        # Markers of this one list are numbers, and the first page's is 0.
        return self._list(
            Instance, f"{_task_path(job, task_name)}/instances", {"State": state}, page_size, first_marker="0"
        )

    def _get(self, model: type[R], path: str) -> R:
        return read_answer(model, self._session.send("GET", path, repeatable=True))

    def _list(
        self, model: type[R], path: str, filters: dict[str, str], page_size: int, first_marker: str = ""
    ) -> Iterator[R]:
        params = {name: value for name, value in filters.items() if value}
        params |= {"Marker": first_marker, "MaxItemCount": str(page_size)}
        while True:
            page = self._session.send("GET", f"{path}?{roa.encode_query(params)}", repeatable=True)
            for item in page.get("Items") or ():
                yield read_answer(model, item)
            marker = str(page.get("NextMarker") or "")
            # "0" is how the list of instances says that there is no more.
            if marker in ("", "0", params["Marker"]):
                return
            params["Marker"] = marker


def _job_path(job: Any) -> str:
    return f"/jobs/{path_segment(getattr(job, 'Id', job), 'job id')}"


def _task_path(job: Any, task_name: str) -> str:
    return f"{_job_path(job)}/tasks/{path_segment(task_name, 'task name')}"
