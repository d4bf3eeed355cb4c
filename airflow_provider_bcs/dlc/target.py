"""Targets of a wait: a job, with or without its logs, or one pod of a job."""

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

#: Seconds without a new line after which the logs of an ended job are complete: GetPodLogs returns lines with a delay.
LOG_GRACE_PERIOD = 6.0
#: Seconds after the end of a job in which a log that could not be read is read again.
LOG_RETRY_PERIOD = 60.0
#: Time after the end of a job in which its pods may still have the state from before it.
POD_GRACE_PERIOD = timedelta(seconds=30)


@dataclass(frozen=True)
class JobTarget:
    """Job, with or without its logs.

    :ivar job_id: ``JobId`` of the job
    :ivar log_limit: maximum number of log lines per poll, of all pods together; 0: no logs
    """

    job_id: str
    log_limit: int = 0

    def read(self, client: Client) -> Job:
        """Return the present state of the job."""
        return client.get_job(self.job_id)

    def fields(self) -> dict[str, Any]:
        """Return the target as plain values, so that a trigger can be serialized."""
        return asdict(self)

    def __str__(self) -> str:
        return f"job {self.job_id}"


@dataclass(frozen=True)
class PodTarget:
    """Pod of a job.

    :ivar job_id: ``JobId`` of the job
    :ivar pod_id: ``PodId``, or the part of it after the ``JobId``, e.g. ``worker-0``
    """

    job_id: str
    pod_id: str

    def read(self, client: Client) -> Pod:
        """Return the present state of the pod.

        :raises WaitAbortedError: when the job has ended, but the pod has not ended or does not exist
        """
        return self.find(client, client.get_job(self.job_id))

    def find(self, client: Client, job: Job) -> Pod:
        """Return the state of the pod in ``job``.

        :param client: has the time of the service's clock
        :param job: the job, with its pods
        :raises WaitAbortedError: when the job has ended, but the pod has not ended or does not exist
        """
        from .response import Pod

        names = (self.pod_id, f"{self.job_id}-{self.pod_id}")
        pod = next((pod for pod in job.Pods if pod.PodId in names), None)
        if job.is_terminal and (pod is None or (not pod.is_terminal and _is_settled(client, job))):
            found = f"is {pod.Status}" if pod else "does not exist"
            known = ", ".join(pod.PodId for pod in job.Pods) or "none"
            raise WaitAbortedError(
                f"Job {job.JobId} is {job.Status}, but its pod {self.pod_id} {found}; pods: {known}."
            )
        return pod or Pod(PodId=self.pod_id, Status="not created yet")

    def fields(self) -> dict[str, Any]:
        """Return the target as plain values, so that a trigger can be serialized."""
        return asdict(self)

    def __str__(self) -> str:
        return f"pod {self.pod_id} of job {self.job_id}"


def _is_settled(client: Client, job: Job) -> bool:
    """Return whether the states of the pods are final, because the job ended long enough ago."""
    return job.GmtFinishTime is None or client.now() - job.GmtFinishTime > POD_GRACE_PERIOD


class LoggingPoll(Poll["Job"]):
    """Poll that writes the pods' logs too, and returns the terminal state once the logs are complete.

    :param client: reads the job and the logs
    :param target: the job; its ``log_limit`` is positive
    :param log: receives the lines of the logs and the progress
    :ivar logs: writes the logs; the poll uses the client of ``logs``
    """

    def __init__(self, client: Client, target: JobTarget, log: Log) -> None:
        super().__init__(lambda: target.read(self.logs.client), target, log)
        self.logs = JobLogs(client, target.job_id, log, target.log_limit)
        # The local service returns each line without a delay.
        self._grace_period = 0.0 if is_loopback_url(client.endpoint) else LOG_GRACE_PERIOD
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
        if not self._is_complete(present):
            return None
        if self.logs.failed:
            self._log.warning("The pods' logs are incomplete, because some could not be read.")
        self._log_progress(job)
        return job

    def _is_complete(self, present: float) -> bool:
        """Return whether the logs are complete.

        :param present: monotonic time of this poll, in seconds
        """
        assert self._ended_since is not None
        if self.logs.has_more:
            return False
        since_end = present - self._ended_since
        if self.logs.failed:
            return since_end >= LOG_RETRY_PERIOD
        # A pod that the service keeps after the end may write without end.
        return present - self._quiet_since >= self._grace_period or since_end >= 10 * LOG_GRACE_PERIOD

    def pause(self, interval: float) -> float:
        return interval if self._pause is None else min(interval, self._pause)
