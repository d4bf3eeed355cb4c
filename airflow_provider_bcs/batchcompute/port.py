"""The BatchCompute port: one object that submits, finds, polls, stops and explains jobs, without Airflow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, get_args

from airflow_provider_bcs.http.job_page import local_page_url, page_region
from airflow_provider_bcs.waiting.origin import UNKNOWN, Origin
from airflow_provider_bcs.waiting.polling import Log, Poll, Status
from airflow_provider_bcs.waiting.stopping import stop

from .facts import CONSOLE, FINISHED, UNSUCCESSFUL
from .failure import explain_failure, explain_task_failure, summary
from .instance_logs import InstanceLogs, Selection, Texts
from .legacy import as_current
from .outputs import output_lines
from .rules import check_job, near_field
from .submission import find_submitted, submit
from .target import Target

if TYPE_CHECKING:
    from airflow_provider_bcs.description.model import Description
    from airflow_provider_bcs.description.source import CheckedJob, JobSource
    from airflow_provider_bcs.exceptions import JobFailedError
    from airflow_provider_bcs.waiting.line_level import LeveledLine

    from .client import Client
    from .cluster.target import ClusterTarget
    from .mirror import FollowedTarget

__all__ = ["BatchComputePort", "RetryStrategy", "check_retry_strategy"]

#: What a further attempt does with a job that failed or was stopped: start it again, or submit another one.
RetryStrategy: TypeAlias = Literal["restart", "resubmit"]
AnyTarget: TypeAlias = "Target | FollowedTarget | ClusterTarget"


@dataclass(frozen=True, eq=False)
class BatchComputePort:
    """BatchCompute, as operators, sensors and triggers use it; a ``ServicePort``.

    ::

        from airflow_provider_bcs.batchcompute import Client
        from airflow_provider_bcs.batchcompute.port import BatchComputePort

        task = {
            "Parameters": {"Command": {"CommandLine": "echo hello"}},
            "InstanceCount": 1,
            "AutoCluster": {"ImageId": "img-ubuntu", "InstanceType": "ecs.sn1ne.large"},
        }
        port = BatchComputePort(Client("cn-shanghai", "my-key-id", "my-key-secret"))
        job = port.check_job({"Name": "hello", "Type": "DAG", "DAG": {"Tasks": {"echo": task}}})
        assert job["Name"] == "hello"

    :ivar client: sends the requests
    :ivar objects: returns the object store that holds the logs of instances; None: logs are named but not read
    :ivar retry_strategy: ``restart`` starts a failed job again, which runs only what had not finished; ``resubmit``
        submits a new job
    :ivar log_instances: instances whose logs are read: ``failed``, ``all``, ``none``, or a number of instances besides
        the failed ones
    :ivar log_lines: number of lines read from the beginning of each log, and from its end
    """

    client: Client
    objects: Callable[[], Texts] | None = None
    retry_strategy: RetryStrategy = "restart"
    log_instances: Selection = "failed"
    log_lines: int = 50

    name_field: ClassVar[str] = "Name"
    compares_descriptions: ClassVar[bool] = True

    @staticmethod
    def check_job(
        job: JobSource, *, templates: bool = True, source: str = "", ignore: Collection[str] = ()
    ) -> CheckedJob:
        """Read a job description, convert it to the current API, and check it."""
        return check_job(job, templates=templates, source=source, ignore=ignore)

    @staticmethod
    def near_field(name: str) -> str | None:
        """Return None for a field of a job, for any other name the end of a sentence with the nearest field."""
        return near_field(name)

    def prepare(self, job: CheckedJob, log: Log) -> CheckedJob:
        """Return the job as it is."""
        return job

    @staticmethod
    def typed(job: dict[str, Any]) -> tuple[dict[str, Any], type[Description]]:
        """Return a job description in the form of its model, and the model, which knows the type of each field."""
        # A process that only imports an operator does not pay for pydantic.
        from .job import JobDescription

        return as_current(job).job, JobDescription

    @staticmethod
    def page(job: Mapping[str, Any]) -> str:
        """Return Markdown that says what a job does, without its secrets."""
        # A worker that runs one task needs no page.
        from .markdown import job_page

        return job_page(job)

    def submit(self, job: CheckedJob, owner: Mapping[str, Any], *, resume: bool, origin: Origin = UNKNOWN) -> str:
        """Submit a job, or find the one that ``owner`` submitted before; return the job id."""
        return submit(self.client, job, owner, resume=resume, restart=self._restarts, origin=origin)

    def find(self, job: CheckedJob, owner: Mapping[str, Any], origin: Origin = UNKNOWN) -> str | None:
        """Return the id of the job whose submission was interrupted."""
        return find_submitted(self.client, job, owner, restart=self._restarts, origin=origin)

    def target(self, job_id: str) -> Target:
        """Return the target that stands for a job."""
        return Target(job_id)

    def poll(self, target: AnyTarget, log: Log) -> Poll[Status]:
        """Return a function that reads the state of one target and logs its progress."""
        return Poll(lambda: target.read(self.client), target, log)

    def read_all(self, targets: Iterable[AnyTarget]) -> Iterator[tuple[Hashable, Status | Exception]]:
        """Yield the state of each target, or its error, in as few calls as possible."""
        # This module imports the HTTP client, which a DAG file that is being parsed does not need.
        from .reading import read_all

        return read_all(self.client, targets)

    def stop(self, job_id: str, log: Log, *, raise_transient: bool = False) -> None:
        """Stop a job; a job that has ended is no error."""
        stop(self.client, job_id, log, raise_transient=raise_transient)

    def created(self, job_id: str) -> datetime | None:
        """Return the time at which a job was created, by the service's clock."""
        return self.client.get_job(job_id).CreationTime

    def explain(self, job_id: str, state: str) -> JobFailedError | None:
        """Return why a job failed or was stopped, with the exit codes of failed instances as ``task/instance``."""
        return explain_failure(self.client, job_id, state, self._logs) if state in UNSUCCESSFUL else None

    def summary(self, job_id: str) -> str:
        """Return that a job has finished, and how long it waited and ran."""
        return summary(self.client, job_id)

    @staticmethod
    def output_lines(job: Mapping[str, Any]) -> list[str]:
        """Return lines that say where the output of a job is."""
        return output_lines(job)

    def read_logs(self, job_id: str, task_name: str | None = None) -> Iterator[LeveledLine]:
        """Yield what the selected instances wrote to standard output and error.

        :param task_name: read the instances of this task only
        """
        lines = 0
        try:
            for lines, line in enumerate(self._logs.read(job_id, task_name) if self._logs else (), start=1):  # noqa: B007
                yield line
        finally:
            if lines:
                self.client.observer.logged(lines)

    def page_url(self, job_id: str, part: str = "", job: Mapping[str, Any] | None = None) -> str:
        """Return the URL of the job's page at the local service, in the cloud that of the console's first page.

        The console's address of a single job is not documented.
        """
        if (url := local_page_url(self.client, job_id, part)) is not None:
            return url
        return CONSOLE if page_region(self.client.region, self.client.endpoint) else ""

    def delete(self, job_id: str) -> None:
        """Delete a job that has ended."""
        self.client.delete_job(job_id)

    def check(self) -> None:
        """List one job."""
        next(self.client.list_jobs(page_size=1), None)

    def close(self) -> None:
        """Close the client's connections."""
        self.client.close()

    # One task of a job

    def continue_job(self, target: FollowedTarget) -> FollowedTarget:
        """Start the job of a task again if it failed or was stopped; return the target to wait for from now on."""
        # Most operators follow no task.
        from .mirror import continue_job

        return continue_job(self.client, target)

    def explain_task(self, job_id: str, task_name: str, state: str) -> JobFailedError | None:
        """Return why one task of a job did not finish, None when it finished."""
        return None if state == FINISHED else explain_task_failure(self.client, job_id, task_name, state, self._logs)

    def summarize_task(self, job_id: str, task_name: str) -> str:
        """Return that one task of a job has finished, and how long it ran."""
        return summary(self.client, job_id, task_name)

    @property
    def _logs(self) -> InstanceLogs | None:
        if self.objects is None:
            return None
        return InstanceLogs(self.client, self.objects, self.log_instances, self.log_lines)

    @property
    def _restarts(self) -> bool:
        return self.retry_strategy == "restart"


def check_retry_strategy(found: object) -> None:
    """Check an argument ``retry_strategy``.

    :raises ValueError: when it is none
    """
    if found not in get_args(RetryStrategy):
        expected = " or ".join(map(repr, get_args(RetryStrategy)))
        raise ValueError(f"retry_strategy: found {found!r}; expected {expected}.")
