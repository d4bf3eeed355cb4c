"""The PAI-DLC port: one object that submits, finds, polls, stops and explains jobs, without Airflow."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import quote, urlencode

from airflow_provider_bcs.http.job_page import local_page_url, page_region
from airflow_provider_bcs.http.loopback import is_loopback_url
from airflow_provider_bcs.waiting.origin import UNKNOWN, Origin
from airflow_provider_bcs.waiting.polling import Log, Poll, Status
from airflow_provider_bcs.waiting.stopping import stop

from .facts import CONSOLE, SUCCEEDED
from .failure import explain_failure, summary
from .rules import check_job, near_field
from .submission import find_submitted, submit
from .target import JobTarget, LoggingPoll, PodTarget

if TYPE_CHECKING:
    from airflow_provider_bcs.description.model import Description
    from airflow_provider_bcs.description.source import CheckedJob, JobSource
    from airflow_provider_bcs.exceptions import JobFailedError
    from airflow_provider_bcs.waiting.line_level import LeveledLine

    from .client import Client

__all__ = ["DlcPort"]


@dataclass(frozen=True, eq=False)
class DlcPort:
    """PAI-DLC, as operators, sensors and triggers use it; a ``ServicePort``.

    ::

        from airflow_provider_bcs.dlc import Client
        from airflow_provider_bcs.dlc.port import DlcPort

        worker = {"Type": "Worker", "PodCount": 2, "EcsSpec": "ecs.c6.large", "Image": "python:3.12"}
        port = DlcPort(Client("cn-shanghai", "my-key-id", "my-key-secret"), workspace_id="12345")
        job = port.check_job(
            {"DisplayName": "train", "JobType": "PyTorchJob", "JobSpecs": [worker], "UserCommand": "python train.py"}
        )
        assert job["DisplayName"] == "train"

    :ivar client: sends the requests
    :ivar workspace_id: ``WorkspaceId`` of jobs that name none
    :ivar log_limit: number of lines of the pods' logs that one poll writes at most; 0: no logs
    """

    client: Client
    workspace_id: str | None = None
    log_limit: int = 0

    name_field: ClassVar[str] = "DisplayName"
    compares_descriptions: ClassVar[bool] = False

    @staticmethod
    def check_job(
        job: JobSource, *, templates: bool = True, source: str = "", ignore: Collection[str] = ()
    ) -> CheckedJob:
        """Read a job description and check it."""
        return check_job(job, templates=templates, source=source, ignore=ignore)

    @staticmethod
    def near_field(name: str) -> str | None:
        """Return None for a field of a job, for any other name the end of a sentence with the nearest field."""
        return near_field(name)

    @staticmethod
    def page(job: Mapping[str, Any]) -> str:
        """Return Markdown that says what a job does, without its secrets."""
        # A worker that runs one task needs no page.
        from .markdown import job_page

        return job_page(job)

    @property
    def is_local(self) -> bool:
        """True for the local service, which has neither workspaces nor a console."""
        return is_loopback_url(self.client.endpoint)

    @staticmethod
    def typed(job: dict[str, Any]) -> tuple[dict[str, Any], type[Description]]:
        """Return a job description in the form of its model, and the model, which knows the type of each field."""
        # A process that only imports an operator does not pay for pydantic.
        from .job import JobDescription

        return job, JobDescription

    def prepare(self, job: CheckedJob, log: Log) -> CheckedJob:
        """Return the job with a ``WorkspaceId`` if the job or the port has one."""
        workspace = job.get("WorkspaceId") or self.workspace_id
        if workspace:
            return job.with_fields(WorkspaceId=workspace)
        if not self.is_local:
            log.info("No WorkspaceId in the job or the connection: PAI-DLC uses the account's default workspace.")
        return job

    def submit(self, job: CheckedJob, owner: Mapping[str, Any], *, resume: bool, origin: Origin = UNKNOWN) -> str:
        """Submit a job, or find the one that ``owner`` submitted before; return the job id."""
        return submit(self.client, job, owner, resume=resume, origin=origin)

    def find(self, job: CheckedJob, owner: Mapping[str, Any], origin: Origin = UNKNOWN) -> str | None:
        """Return the id of the job whose submission was interrupted, None when there is no job or it has ended."""
        return find_submitted(self.client, job, owner)

    def target(self, job_id: str) -> JobTarget:
        """Return the target that stands for a job and, with ``log_limit``, for its logs."""
        return JobTarget(job_id, self.log_limit)

    def poll(self, target: JobTarget | PodTarget, log: Log) -> Poll[Status]:
        """Return a function that reads the state of one target, and logs its progress and its pods' lines."""
        if isinstance(target, JobTarget) and target.log_limit:
            # Poll is invariant in its state, but nothing puts another state into this one.
            return cast("Poll[Status]", LoggingPoll(self.client, target, log))
        return Poll(lambda: target.read(self.client), target, log)

    def read_all(self, targets: Iterable[JobTarget | PodTarget]) -> Iterator[tuple[Hashable, Status | Exception]]:
        """Yield the state of each target, or its error, in as few calls as possible."""
        # The import builds the response models, which the parse of a DAG file does not need.
        from .reading import read_all

        return read_all(self.client, targets)

    def stop(self, job_id: str, log: Log, *, raise_transient: bool = False) -> None:
        """Stop a job; a job that has ended is no error."""
        stop(self.client, job_id, log, raise_transient=raise_transient)

    def created(self, job_id: str) -> datetime | None:
        """Return the time at which a job was created, by the service's clock."""
        return self.client.get_job(job_id).GmtCreateTime

    def explain(self, job_id: str, state: str) -> JobFailedError | None:
        """Return why a job failed or was stopped, with the exit codes of failed pods by ``PodId``."""
        return None if state == SUCCEEDED else explain_failure(self.client, job_id, state)

    def summary(self, job_id: str) -> str:
        """Return that a job has succeeded, and how long it waited and ran."""
        return summary(self.client, job_id)

    @staticmethod
    def output_lines(job: Mapping[str, Any]) -> list[str]:
        """Return a line for each storage that the pods could write to."""
        sources = [source for source in job.get("DataSources") or () if source.get("MountAccess") != "RO"]
        places = [(source.get("Uri") or source.get("DataSourceId"), source.get("MountPath")) for source in sources]
        return [f"Output below {path} is in {place}" for place, path in places if path and place]

    def read_logs(self, job_id: str) -> Iterator[LeveledLine]:
        """Yield nothing: :meth:`poll` logs the pods' lines while the job runs."""
        return iter(())

    def page_url(self, job_id: str, part: str = "", job: Mapping[str, Any] | None = None) -> str:
        """Return the URL of the job's page, at the local service or in the console of the job's workspace.

        Without a ``WorkspaceId`` in ``job``, the job is read: its workspace need not be that of the connection.
        """
        if (url := local_page_url(self.client, job_id, part.removeprefix(f"{job_id}-"))) is not None:
            return url
        region = page_region(self.client.region, self.client.endpoint)
        if not region:
            return ""
        workspace = (job or {}).get("WorkspaceId") or self.client.get_job(job_id).WorkspaceId
        query = urlencode({"regionId": region, "workspaceId": workspace})
        return CONSOLE.format(query=query, job_id=quote(job_id, safe=""))

    def delete(self, job_id: str) -> None:
        """Delete a job that has ended."""
        self.client.delete_job(job_id)

    def check(self) -> None:
        """List one job."""
        next(self.client.list_jobs(page_size=1), None)

    def close(self) -> None:
        """Close the client's connections."""
        self.client.close()
