"""Say why a job did not succeed: the service's reason, the failed pods, and the last lines they wrote."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from airflow_provider_bcs.openapi.errors import OpenApiError

from .states import FAILED

if TYPE_CHECKING:
    from .client import Client
    from .response import Job, Pod

#: How many failed pods of a job are told about, and how many lines of each.
MAX_PODS = 5
MAX_LINES = 20
_REQUESTED_LINES = 2000


def explain_failure(client: Client, job_id: str, state: str) -> str:
    """Return a text of one or more lines; asks the service for the job and for its failed pods' logs.

    :param state: what came of the job, which is said even when the service does not answer now
    """
    lines = [f"Job {job_id} is {state}"]
    try:
        job = client.get_job(job_id)
        reason = ": ".join(part for part in (job.ReasonCode, job.ReasonMessage) if part)
        lines = [f"Job {job_id} ({job.DisplayName}) is {job.Status}" + (f": {reason}" if reason else "")]
        if job.ran_too_long:
            lines.append(f"It ran longer than its JobMaxRunningTimeMinutes, {job.JobMaxRunningTimeMinutes}.")
        for pod in islice((pod for pod in job.Pods if pod.Status == FAILED), MAX_PODS):
            lines += _failed_pod(client, job, pod)
    except OpenApiError as error:
        lines.append(f"(what failed in it could not be read: {error})")
    return "\n".join(lines)


def _failed_pod(client: Client, job: Job, pod: Pod) -> Iterator[str]:
    detail = pod.StatusDetail
    code = f"exit code {detail.ExitCode}" if detail.ExitCode else ""
    why = ", ".join(part for part in (pod.SubStatus.replace("Normal", ""), code, detail.Reason, detail.Message) if part)
    yield f"Pod {pod.PodId} failed" + (f" ({why})" if why else "")
    tail = _last_lines(client, job, pod)
    if tail:
        yield f"The last lines of its log:\n{tail}"


def _last_lines(client: Client, job: Job, pod: Pod) -> str:
    """Return the end of a pod's log; which lines an answer leaves out is not documented, so it has to be whole."""
    end = pod.GmtFinishTime or job.GmtFinishTime
    for seconds in (3600, 60, 2):
        start = end - timedelta(seconds=seconds) if end else None
        lines = client.get_pod_logs(job, pod.PodId, start_time=start, max_lines=_REQUESTED_LINES).Logs
        if len(lines) < _REQUESTED_LINES:
            break
    return "\n".join(lines[-MAX_LINES:])
