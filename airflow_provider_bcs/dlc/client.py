"""Client for PAI-DLC: one method for each operation, with the names of the vendor's SDK."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
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

#: A time before any job. Without StartTime, ListJobs returns jobs of the last seven days.
BEGINNING = "2000-01-01T00:00:00Z"


class Client(ServiceClient):
    """Client for PAI-DLC, API version 2020-12-03. The parameters are those of ``ServiceClient``.

    ``job`` is a ``JobId``, or an object that has one. Times are datetimes with a time zone, or text such as
    ``2026-01-02T03:04:05Z``; the client drops fractions of a second. All methods raise ``ApiError`` when the service
    refuses or does not respond. They raise ``TypeError`` for a blank id and for a datetime without a time zone.

    >>> client = Client("cn-shanghai", "LTAI5example", "the-secret")
    >>> client.endpoint
    'https://pai-dlc.cn-shanghai.aliyuncs.com'

    Submit a job and read its state::

        job_id = client.create_job("train.json").JobId
        print(client.get_job(job_id).progress)  # EnvPreparing; pod: Pending
    """

    service = "pai-dlc"
    polls = frozenset({"GetJob", "ListJobs"})

    def _operation(self, method: str, target: str, headers: Mapping[str, str]) -> str:
        return headers["x-acs-action"]

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
        """Submit a job and return its ``JobId``.

        The API has no idempotency token, so the client does not retry after a lost response. The job may exist
        nevertheless: :func:`~airflow_provider_bcs.dlc.submission.submit` finds it. ::

            job_id = client.create_job("train.yaml").JobId

        :param job: a dict, JSON text, or the path of a file; see :func:`~airflow_provider_bcs.dlc.job.read_job`
        :raises JobSourceError: when ``job`` is unreadable
        """
        return self._send(Created, "CreateJob", "POST", "/jobs", body=read_job(job), repeatable=False)

    def get_job(self, job: Any) -> Job:
        """Return a job with its Status, StatusHistory and Pods. ::

            failed = [pod.PodId for pod in client.get_job("dlc1").Pods if pod.is_unsuccessful]

        :raises NotFoundError: when there is no such job
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
        """Yield jobs, newest first. Each page is requested when it is needed. ::

            running = [job.JobId for job in client.list_jobs(status="Running", workspace_id="12345")]

        :param job_ids: return only these jobs, of any age
        :param page_size: jobs per request, 1 to 100
        :param unreadable: receives the error of an unreadable job, which is then left out; None to raise the error
        :param fields: parse only these fields of each job, which is faster; the other fields have their defaults
        :param filters: filters of :class:`~airflow_provider_bcs.dlc.filters.JobFilters`
        :raises TypeError: for a filter that ListJobs does not have
        """
        params = dict(checked(filters))
        reading: dict[str, Any] = {"key": "JobId", "unreadable": unreadable, "fields": fields}
        if job_ids is None:
            yield from self._pages(Job, "ListJobs", "/jobs", "Jobs", params, page_size, **reading)
            return
        # It is not documented whether the limit of seven days applies to JobIds too.
        params.setdefault("start_time", BEGINNING)
        remaining = iter([job_ids] if isinstance(job_ids, str) else dict.fromkeys(job_ids))
        while chunk := list(islice(remaining, MAX_PAGE_SIZE)):
            params["job_ids"] = chunk
            found = self._pages(Job, "ListJobs", "/jobs", "Jobs", params, page_size, **reading)
            # Once all jobs of the chunk are found, the next page is not requested.
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
        """Change the given fields of a job. ::

            client.update_job("dlc1", priority=9)

        :param priority: 1 to 9; it has an effect only on quota resources, before the job runs
        :param description: new Description
        :param accessibility: ``PUBLIC``; the change cannot be undone
        :param job_specs: JobSpecs of an elastic job, with another PodCount
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
        """Stop a job. Its Status becomes Stopping, and Stopped some seconds later. ::

            client.stop_job("dlc1")

        :raises StateConflictError: when the job has ended already
        :raises ServiceError: when the job runs and the service refuses to stop it now
        """
        try:
            self._call("StopJob", "POST", f"{_job_path(job)}/stop")
        except (InvalidRequestError, StateConflictError) as error:
            # The documentation of StopJob does not say which error means that the job has ended.
            found = self.get_job(job)
            if not found.is_terminal and found.Status != STOPPING:
                if isinstance(error, StateConflictError):
                    raise ServiceError(error.status, error.code, error.message, error.request_id) from None
                raise
            if error.attempts == 1 and found.is_terminal:
                raise StateConflictError(error.status, error.code, error.message, error.request_id) from None

    def delete_job(self, job: Any) -> None:
        """Delete a job that has ended, with its logs. ::

            client.delete_job("dlc1")

        :raises NotFoundError: when there is no such job
        """
        try:
            self._call("DeleteJob", "DELETE", _job_path(job))
        except NotFoundError as error:
            # The first attempt has deleted the job, and only its response was lost.
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
        """Return lines of a pod's log, standard output and standard error merged. ::

            lines = client.get_pod_logs("dlc1", "dlc1-worker-0", max_lines=100).Logs

        The API has no cursor and does not document which lines it leaves out beyond ``max_lines``.
        :class:`~airflow_provider_bcs.dlc.logs.PodLogReader` reads all lines of a growing log once.

        :param pod_uid: PodUid of an earlier incarnation, from ``HistoryPods``
        :param start_time: first second of the window; None: seven days ago
        :param end_time: last second of the window; None: now
        :param max_lines: maximum number of lines; None: 2000
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
        """Return the events of a pod, one line per event. ::

            events = client.get_pod_events("dlc1", "dlc1-worker-0")

        The other parameters are those of :meth:`get_pod_logs`.

        :param max_events: maximum number of events, 1 to 10000; None: 2000
        """
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
        """Return the events of a job, one line per event. ::

            events = client.get_job_events("dlc1", max_events=100)

        :param start_time: first second of the window; None: seven days ago
        :param end_time: last second of the window; None: now
        :param max_events: maximum number of events, 1 to 10000; None: 2000
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
        """Return the values of one metric for each pod. ::

            for pod in client.get_job_metrics("dlc1", "MemoryUsage"):
                print(pod.PodId, [metric.Value for metric in pod.Metrics])

        :param metric_type: ``GpuCoreUsage``, ``GpuMemoryUsage``, ``CpuCoreUsage``, ``MemoryUsage``,
            ``NetworkInputRate``, ``NetworkOutputRate``, ``DiskReadRate`` or ``DiskWriteRate``
        :param start_time: start of the window; None: one hour ago
        :param end_time: end of the window; None: now
        :param time_step: time between two values, e.g. ``1m``; None: ``5m``
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
        """Yield the instance types that jobs can run on. ::

            names = [spec.InstanceType for spec in client.list_ecs_specs(accelerator_type="GPU")]

        :param accelerator_type: ``CPU`` or ``GPU``; None: both
        :param instance_types: return only these, e.g. ``["ecs.c6.large"]``
        :param resource_type: ``ECS`` or ``Lingjun``; None: the service's default
        :param page_size: instance types per request, 1 to 100
        """
        params = {
            "accelerator_type": accelerator_type,
            "instance_types": instance_types,
            "resource_type": resource_type,
        }
        return self._pages(EcsSpec, "ListEcsSpecs", "/ecsspecs", "EcsSpecs", params, page_size, key="InstanceType")

    # Requests

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
        # A new job moves the others to later pages, so an item may be returned twice.
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
            # The service may return fewer items than PageSize, so a short page need not be the last one.
            is_last = len(items) < page_size and len(seen) >= _whole_number(page.get("TotalCount"))
            if len(seen) == before or is_last:
                return


def _whole_number(value: Any) -> float:
    """Return TotalCount of a response; infinity when it is absent or no integer."""
    return value if isinstance(value, int) else float("inf")


def _job_path(job: Any) -> str:
    return f"/jobs/{path_segment(getattr(job, 'JobId', job), 'job id')}"


def _pod_path(job: Any, pod_id: str) -> str:
    return f"{_job_path(job)}/pods/{path_segment(pod_id, 'pod id')}"
