"""The PAI-DLC client: one method an operation, named as in the vendor's SDK."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timezone
from itertools import count, islice
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from airflow_provider_bcs.description.source import JobSource
from airflow_provider_bcs.exceptions import InvalidRequestError, NotFoundError, ServiceError, StateConflictError
from airflow_provider_bcs.http import acs3
from airflow_provider_bcs.http.client import ServiceClient, path_segment
from airflow_provider_bcs.http.response import Response, Unreadable, page_parser, read_answer, read_items

from .facts import API_VERSION, MAX_PAGE_SIZE, STOPPING
from .filters import checked, query_of
from .job import read_job
from .response import Created, EcsSpec, Events, Job, JobMetrics, PodLogs, PodMetrics

if TYPE_CHECKING:
    import requests
    from typing_extensions import Unpack

    from .filters import JobFilters

R = TypeVar("R", bound=Response)

#: Earlier than any job; the service looks back seven days when it is told nothing.
BEGINNING = "2000-01-01T00:00:00Z"


class Client(ServiceClient):
    """Talks to PAI-DLC, API version 2020-12-03.

    Wherever a job is asked for by its id, an object with ``JobId`` will do. Times are time-zone-aware datetimes or
    texts such as ``2026-01-02T03:04:05Z``. All methods raise
    :class:`~airflow_provider_bcs.exceptions.ApiError`.
    """

    service = "pai-dlc"

    def _sign(self, request: requests.PreparedRequest) -> None:
        keys = self.credentials()
        body = request.body or b""
        headers = {"x-acs-action": request.headers["x-acs-action"]}
        acs3.sign(
            request.method or "",
            request.path_url,
            headers,
            host=urlsplit(request.url or "").netloc,
            body=body.encode() if isinstance(body, str) else body,
            access_key_id=keys.access_key_id,
            access_key_secret=keys.access_key_secret,
            security_token=keys.security_token,
            version=API_VERSION,
            date=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            nonce=uuid.uuid4().hex,
        )
        request.headers.update(headers)

    # Jobs

    def create_job(self, job: JobSource) -> Created:
        """Submit a job; its id is the ``JobId`` of what is returned.

        The service knows no idempotent token: when no answer arrives, the job may exist all the same, and this is
        not repeated. See :func:`~airflow_provider_bcs.dlc.submission.submit` for a way that finds it.

        :param job: anything a job can be given as
        """
        return self._send(Created, "CreateJob", "POST", "/jobs", body=read_job(job), repeatable=False)

    def get_job(self, job: Any) -> Job:
        """Return a job with its status, history and pods."""
        return self._send(Job, "GetJob", "GET", _job_path(job))

    def list_jobs(
        self,
        job_ids: Iterable[str] | None = None,
        *,
        page_size: int = MAX_PAGE_SIZE,
        unreadable: Unreadable | None = None,
        fields: Collection[str] | None = None,
        **filters: Unpack[JobFilters],
    ) -> Iterator[Job]:
        """Iterate over jobs, page by page as they are asked for, the newest first.

        :param job_ids: only these jobs, however old
        :param page_size: jobs a request, 1 to 100
        :param unreadable: is given the error of a job that cannot be read, which is left out then; None to raise it
        :param fields: read only these of each job, which takes less time; the others are as if they had not been sent
        :param filters: see :class:`~airflow_provider_bcs.dlc.filters.JobFilters`
        """
        params = dict(checked(filters))
        reading: dict[str, Any] = {"key": "JobId", "unreadable": unreadable, "fields": fields}
        if job_ids is None:
            yield from self._pages(Job, "ListJobs", "/jobs", "Jobs", params, page_size, **reading)
            return
        # Whether the seven days hold for ids too is not documented.
        params.setdefault("start_time", BEGINNING)
        remaining = iter([job_ids] if isinstance(job_ids, str) else dict.fromkeys(job_ids))
        while chunk := list(islice(remaining, MAX_PAGE_SIZE)):
            params["job_ids"] = chunk
            found = self._pages(Job, "ListJobs", "/jobs", "Jobs", params, page_size, **reading)
            # When all have been seen, no further page is asked for.
            yield from islice(found, len(chunk))

    def update_job(
        self,
        job: Any,
        *,
        priority: int | None = None,
        description: str | None = None,
        accessibility: str | None = None,
        job_specs: list[dict[str, Any]] | None = None,
    ) -> None:
        """Change a job; what is None stays.

        :param priority: 1 to 9; of use only before the job runs, and only on quota resources
        :param accessibility: ``PUBLIC``; it cannot be taken back
        :param job_specs: new pod counts of an elastic job
        """
        body = {
            "Priority": priority,
            "Description": description,
            "Accessibility": accessibility,
            "JobSpecs": job_specs,
        }
        body = {name: value for name, value in body.items() if value is not None}
        self._call("UpdateJob", "PUT", _job_path(job), body=body)

    def stop_job(self, job: Any) -> None:
        """Ask for the end of a job; it becomes Stopping, and some time later Stopped.

        :raises StateConflictError: when it has ended already; not when it runs and the service will not stop it now
        """
        try:
            self._call("StopJob", "POST", f"{_job_path(job)}/stop")
        except (InvalidRequestError, StateConflictError) as error:
            # How the service refuses this is not documented well enough to tell it from other errors.
            found = self.get_job(job)
            if not found.is_terminal and found.Status != STOPPING:
                if isinstance(error, StateConflictError):
                    raise ServiceError(error.status, error.code, error.message, error.request_id) from None
                raise
            if error.attempts == 1 and found.is_terminal:
                raise StateConflictError(error.status, error.code, error.message, error.request_id) from None

    def delete_job(self, job: Any) -> None:
        """Delete a job that has ended; its logs go with it."""
        try:
            self._call("DeleteJob", "DELETE", _job_path(job))
        except NotFoundError as error:
            # The first attempt was carried out and only its answer was lost.
            if error.attempts == 1:
                raise

    # Logs, events, metrics

    def get_pod_logs(
        self,
        job: Any,
        pod_id: str,
        *,
        pod_uid: str | None = None,
        start_time: datetime | str | None = None,
        end_time: datetime | str | None = None,
        max_lines: int | None = None,
    ) -> PodLogs:
        """Return lines of a pod's log, stdout and stderr merged.

        There is no cursor, and which lines are left out beyond ``max_lines`` is not documented;
        :class:`~airflow_provider_bcs.dlc.logs.PodLogReader` reads a growing log once and whole.

        :param pod_uid: an earlier incarnation, from ``HistoryPods``
        :param start_time: to the second; by default seven days ago
        :param end_time: to the second; by default now
        :param max_lines: by default 2000
        """
        window = {"pod_uid": pod_uid, "start_time": start_time, "end_time": end_time, "max_lines": max_lines}
        return self._send(PodLogs, "GetPodLogs", "GET", f"{_pod_path(job, pod_id)}/logs", window)

    def get_pod_events(
        self,
        job: Any,
        pod_id: str,
        *,
        pod_uid: str | None = None,
        start_time: datetime | str | None = None,
        end_time: datetime | str | None = None,
        max_events: int | None = None,
    ) -> list[str]:
        """Return what happened to a pod, one line an event; parameters as for the logs."""
        window = {"pod_uid": pod_uid, "start_time": start_time, "end_time": end_time, "max_events_num": max_events}
        return self._send(Events, "GetPodEvents", "GET", f"{_pod_path(job, pod_id)}/events", window).Events

    def get_job_events(
        self,
        job: Any,
        *,
        start_time: datetime | str | None = None,
        end_time: datetime | str | None = None,
        max_events: int | None = None,
    ) -> list[str]:
        """Return what happened to a job, one line an event.

        :param start_time: by default seven days ago
        :param end_time: by default now
        :param max_events: 1 to 10000, by default 2000
        """
        window = {"start_time": start_time, "end_time": end_time, "max_events_num": max_events}
        return self._send(Events, "GetJobEvents", "GET", f"{_job_path(job)}/events", window).Events

    def get_job_metrics(
        self,
        job: Any,
        metric_type: str,
        *,
        start_time: datetime | str | None = None,
        end_time: datetime | str | None = None,
        time_step: str | None = None,
    ) -> list[PodMetrics]:
        """Return measured values of each pod.

        :param metric_type: GpuCoreUsage, GpuMemoryUsage, CpuCoreUsage, MemoryUsage, NetworkInputRate,
            NetworkOutputRate, DiskReadRate or DiskWriteRate
        :param start_time: by default an hour ago
        :param time_step: such as ``5m``, which is the default
        """
        params = {
            "metric_type": metric_type,
            "start_time": start_time,
            "end_time": end_time,
            "time_step": time_step,
        }
        answer = self._call("GetJobMetrics", "GET", f"{_job_path(job)}/metrics", params)
        return read_answer(JobMetrics, answer).PodMetrics

    def list_ecs_specs(
        self,
        *,
        accelerator_type: str | None = None,
        instance_types: Iterable[str] | None = None,
        resource_type: str | None = None,
        page_size: int = MAX_PAGE_SIZE,
    ) -> Iterator[EcsSpec]:
        """Iterate over the instance types that jobs can run on.

        :param accelerator_type: ``CPU`` or ``GPU``
        :param instance_types: only these, such as ``ecs.c6.large``
        :param resource_type: ``ECS`` or ``Lingjun``
        """
        params = {
            "accelerator_type": accelerator_type,
            "instance_types": instance_types,
            "resource_type": resource_type,
        }
        return self._pages(EcsSpec, "ListEcsSpecs", "/ecsspecs", "EcsSpecs", params, page_size, key="InstanceType")

    # How requests are made

    def _call(
        self,
        operation: str,
        method: str,
        path: str,
        params: dict[str, Any] | None = None,
        *,
        body: dict[str, Any] | None = None,
        repeatable: bool = True,
        parse: Callable[[bytes], dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        query = acs3.encode_query(query_of(params or {}))
        target = f"/api/v1{path}?{query}" if query else f"/api/v1{path}"
        headers = {"x-acs-action": operation}
        return self._session.send(method, target, body, repeatable=repeatable, headers=headers, parse=parse)

    def _send(self, model: type[R], operation: str, method: str, path: str, *args: Any, **kwargs: Any) -> R:
        return read_answer(model, self._call(operation, method, path, *args, **kwargs))

    def _pages(
        self,
        model: type[R],
        operation: str,
        path: str,
        field: str,
        params: dict[str, Any],
        page_size: int,
        *,
        key: str,
        unreadable: Unreadable | None = None,
        fields: Collection[str] | None = None,
    ) -> Iterator[R]:
        parse = None if fields is None else page_parser(field, tuple(fields), ("TotalCount",))
        # Pages shift while new items arrive at their front: what comes twice is left out.
        seen: set[str] = set()
        for number in count(1):
            numbered = {**params, "page_number": number, "page_size": page_size}
            page = self._call(operation, "GET", path, numbered, parse=parse)
            items = page.get(field) or []
            before = len(seen)
            for item in read_items(model, items, unreadable, fields):
                if (name := getattr(item, key)) not in seen:
                    seen.add(name)
                    yield item
            # The service may give shorter pages than were asked for, so a short one alone says nothing.
            is_last = len(items) < page_size and len(seen) >= _whole_number(page.get("TotalCount"))
            if len(seen) == before or is_last:
                return


def _whole_number(value: Any) -> float:
    """Return a number that an answer may lack, or hold as something else; then there is no end to it."""
    return value if isinstance(value, int) else float("inf")


def _job_path(job: Any) -> str:
    return f"/jobs/{path_segment(getattr(job, 'JobId', job), 'job id')}"


def _pod_path(job: Any, pod_id: str) -> str:
    return f"{_job_path(job)}/pods/{path_segment(pod_id, 'pod id')}"
