"""Client for PAI-DLC: one method an operation, named as in the vendor's SDK."""

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

#: StartTime before any job; without a StartTime the service looks back DEFAULT_LOOK_BACK only.
BEGINNING = "2000-01-01T00:00:00Z"


class Client(ServiceClient):
    """Client of PAI-DLC, API version 2020-12-03.

    An object with ``JobId`` can stand for a job id. Times are time-zone-aware datetimes or texts such as
    ``2026-01-02T03:04:05Z``. All methods raise :class:`~airflow_provider_bcs.exceptions.ApiError`.

    ::

        from airflow_provider_bcs.dlc import Client

        client = Client("cn-shanghai", "my-key-id", "my-key-secret")
        job_id = client.create_job("jobs/train.json").JobId
        print(client.get_job(job_id).Status)
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
        """Submit a job; return an answer whose ``JobId`` is the job id.

        The service has no idempotency token. After a lost answer the job may exist, so the client does not retry;
        :func:`~airflow_provider_bcs.dlc.submission.submit` finds such a job.

        :param job: job description in any form, see :func:`~.job.read_job`
        :raises NoAnswerError: when the service does not answer; the job may exist
        """
        return self._send(Created, "CreateJob", "POST", "/jobs", body=read_job(job), repeatable=False)

    def get_job(self, job: Any) -> Job:
        """Return a job with its status, history and pods.

        :raises NotFoundError: when the service has no such job
        """
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
        """Iterate over jobs, the newest first; fetch each page when it is needed.

        :param job_ids: only these jobs, however old
        :param page_size: jobs a request, 1 to 100
        :param unreadable: called with the error of an unreadable job, which is then left out; None: raise the error
        :param fields: read only these fields of each job, which is faster; the others have their defaults
        :param filters: see :class:`~airflow_provider_bcs.dlc.filters.JobFilters`
        """
        params = dict(checked(filters))
        reading: dict[str, Any] = {"key": "JobId", "unreadable": unreadable, "fields": fields}
        if job_ids is None:
            yield from self._pages(Job, "ListJobs", "/jobs", "Jobs", params, page_size, **reading)
            return
        # Whether the service's default StartTime applies to ids too is not documented.
        params.setdefault("start_time", BEGINNING)
        remaining = iter([job_ids] if isinstance(job_ids, str) else dict.fromkeys(job_ids))
        while chunk := list(islice(remaining, MAX_PAGE_SIZE)):
            params["job_ids"] = chunk
            found = self._pages(Job, "ListJobs", "/jobs", "Jobs", params, page_size, **reading)
            # islice ends the listing without another request once all ids are found.
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
        """Change a job; None leaves a field unchanged.

        :param priority: 1 to 9; it has an effect only before the job runs, and only on a quota
        :param accessibility: ``PUBLIC``, which the service never changes back
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
        """Request the end of a job; it becomes Stopping, and some time later Stopped.

        :raises StateConflictError: when it has already ended; not when the service refuses to stop a running job
        """
        try:
            self._call("StopJob", "POST", f"{_job_path(job)}/stop")
        except (InvalidRequestError, StateConflictError) as error:
            # The documentation does not say which error means that a job has ended, so the client reads the job.
            found = self.get_job(job)
            if not found.is_terminal and found.Status != STOPPING:
                if isinstance(error, StateConflictError):
                    raise ServiceError(error.status, error.code, error.message, error.request_id) from None
                raise
            if error.attempts == 1 and found.is_terminal:
                raise StateConflictError(error.status, error.code, error.message, error.request_id) from None

    def delete_job(self, job: Any) -> None:
        """Delete a job that has ended, and its logs."""
        try:
            self._call("DeleteJob", "DELETE", _job_path(job))
        except NotFoundError as error:
            # After a retry, the first attempt succeeded and only its answer was lost.
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

        The API has no cursor, and does not document which lines it omits beyond ``max_lines``;
        :class:`~airflow_provider_bcs.dlc.logs.PodLogReader` reads each line of a growing log once.

        :param pod_uid: PodUid of an earlier incarnation, from ``HistoryPods``
        :param start_time: beginning, to the second; default: seven days ago
        :param end_time: end, to the second; default: now
        :param max_lines: most lines; default: 2000
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
        """Return the events of a pod, one line each; parameters as in :meth:`get_pod_logs`."""
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
        """Return the events of a job, one line each.

        :param start_time: default: seven days ago
        :param end_time: default: now
        :param max_events: 1 to 10000; default: 2000
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
        """Return the measured values of each pod.

        :param metric_type: GpuCoreUsage, GpuMemoryUsage, CpuCoreUsage, MemoryUsage, NetworkInputRate,
            NetworkOutputRate, DiskReadRate or DiskWriteRate
        :param start_time: default: an hour ago
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
        # New items at the front shift the pages, so an item may be on two pages.
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
            # The service may return shorter pages than requested, so a short page alone is not the last one.
            is_last = len(items) < page_size and len(seen) >= _whole_number(page.get("TotalCount"))
            if len(seen) == before or is_last:
                return


def _whole_number(value: Any) -> float:
    """Return a number of an answer; infinity when the answer has none."""
    return value if isinstance(value, int) else float("inf")


def _job_path(job: Any) -> str:
    return f"/jobs/{path_segment(getattr(job, 'JobId', job), 'job id')}"


def _pod_path(job: Any, pod_id: str) -> str:
    return f"{_job_path(job)}/pods/{path_segment(pod_id, 'pod id')}"
