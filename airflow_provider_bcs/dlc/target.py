"""Targets of a wait: a job, with or without its logs, or one of its pods."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.exceptions import WaitAbortedError
from airflow_provider_bcs.http.loopback import is_loopback_url
from airflow_provider_bcs.waiting.polling import Log, Poll

from .job_logs import JobLogs

if TYPE_CHECKING:
    from .client import Client
    from .response import Job, Pod

#: Seconds to wait for the last lines after the end of a job: the service collects them with a delay.
LOG_PATIENCE = 6.0
#: Seconds in which unreadable logs are tried again after the end of a job.
LOG_FAILURE_PATIENCE = 60.0
#: The pods of a job may show an outdated state for this long after its end.
POD_PATIENCE = timedelta(seconds=30)


@dataclass(frozen=True)
class JobTarget:
    """Job to wait for.

    :ivar log_limit: most lines of the pods' logs that one poll writes; 0: no logs
    """

    job_id: str
    log_limit: int = 0

    def read(self, client: Client) -> Job:
        """Return the present state."""
        return client.get_job(self.job_id)

    def fields(self) -> dict[str, Any]:
        """Return the target as plain values, so that Airflow can serialize a trigger."""
        return asdict(self)

    def __str__(self) -> str:
        return f"job {self.job_id}"


@dataclass(frozen=True)
class PodTarget:
    """Pod of a job to wait for.

    :ivar pod_id: its PodId, or the part after the job id, such as ``worker-0``
    """

    job_id: str
    pod_id: str

    def read(self, client: Client) -> Pod:
        """Return it as it is now.

        :raises WaitAbortedError: when its job has ended and it has not, or never was
        """
        return self.find(client, client.get_job(self.job_id))

    def find(self, client: Client, job: Job) -> Pod:
        """Return it as its job shows it.

        :raises WaitAbortedError: when the job has ended and it has not, or never was
        """
        from .response import Pod

        names = (self.pod_id, f"{self.job_id}-{self.pod_id}")
        pod = next((pod for pod in job.Pods if pod.PodId in names), None)
        if job.is_terminal and (pod is None or (not pod.is_terminal and _is_settled(client, job))):
            found = f"is {pod.Status}" if pod else "does not exist"
            known = ", ".join(pod.PodId for pod in job.Pods) or "none"
            raise WaitAbortedError(f"{job.JobId} is {job.Status}, but its pod {self.pod_id} {found}; pods: {known}.")
        return pod or Pod(PodId=self.pod_id, Status="not created yet")

    def fields(self) -> dict[str, Any]:
        """Return the target as plain values, so that Airflow can serialize a trigger."""
        return asdict(self)

    def __str__(self) -> str:
        return f"pod {self.pod_id} of job {self.job_id}"


def _is_settled(client: Client, job: Job) -> bool:
    """Tell whether a job ended long enough ago for its pods to show it."""
    return job.GmtFinishTime is None or client.now() - job.GmtFinishTime > POD_PATIENCE


class LoggingPoll(Poll["Job"]):
    """A poll that writes the pods' logs too, and tells of the end only when they are whole.

    :ivar logs: the logs; their client is that of the poll
    """

    def __init__(self, client: Client, target: JobTarget, log: Log) -> None:
        super().__init__(lambda: target.read(self.logs.client), target, log)
        self._limit = target.log_limit
        self.logs = JobLogs(client, target.job_id, log, target.log_limit)
        # The local service collects nothing: what is written can be read.
        self._patience = 0.0 if is_loopback_url(client.endpoint) else LOG_PATIENCE
        self._ended_since: float | None = None
        self._quiet_since = 0.0
        self._pause: float | None = None

    def __call__(self) -> Job | None:
        job = self.fetch()
        if job is None:
            return None
        if not job.is_terminal:
            self._log_progress(job)
            self.logs.write(job)
            return job
        self.final_status = job
        present = time.monotonic()
        if self._ended_since is None:
            self._ended_since = self._quiet_since = present
        written = self.logs.write(job, ended=True)
        self._pause = 0.0 if written else 1.0
        if written:
            self._quiet_since = time.monotonic()
        if not self._is_written(written, present):
            return None
        if self.logs.failed:
            self._log.warning("Not all of the pods' logs could be read.")
        self._log_progress(job)
        return job

    def _is_written(self, written: int, present: float) -> bool:
        """Tell whether no more lines are waited for; ``written`` is the number of the last ones."""
        assert self._ended_since is not None
        if written >= self._limit:
            return False
        since_end = present - self._ended_since
        if self.logs.failed:
            return since_end >= LOG_FAILURE_PATIENCE
        # A pod that is kept after the end may go on writing.
        return present - self._quiet_since >= self._patience or since_end >= 10 * LOG_PATIENCE

    def pause(self, interval: float) -> float:
        return interval if self._pause is None else min(interval, self._pause)
