"""Explain how a job ended: its times or, without success, the reason, the failed pods and their last lines."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_bcs.exceptions import (
    ApiError,
    FailedPart,
    JobFailedError,
    JobStoppedError,
    MachineLostError,
    ProgramFailedError,
    TimeLimitError,
)
from airflow_provider_bcs.waiting.timing import timing

from .facts import DEFAULT_LINES, FAILED, LOST_REASONS, SUCCEEDED, TIME_LIMIT_REASON
from .job_logs import short_pod_id
from .logs import may_lack_lines
from .submission import author_name

if TYPE_CHECKING:
    from .client import Client
    from .response import Job, Pod

#: Maximum number of failed pods in the error, of lines per pod, and of characters per line.
MAX_PODS = 5
MAX_LINES = 20
MAX_LINE_LENGTH = 1000
#: Seconds before a pod's end that the first and the largest window of its log cover.
FIRST_SPAN, _LAST_SPAN = 8, 30 * 24 * 3600


def explain_failure(client: Client, job_id: str, state: str) -> JobFailedError:
    """Return an error with the job's reason, its failed pods and the last lines of their logs. ::

        raise explain_failure(client, "dlc1", "Failed")

    :param client: reads the job and the logs
    :param job_id: ``JobId`` of the job
    :param state: terminal state of the job; the error has it even when the service does not respond
    """
    lines = [f"Job {job_id} is {state}"]
    parts: list[FailedPart] = []
    try:
        job = client.get_job(job_id)
        reason = ": ".join(part for part in (job.ReasonCode, job.ReasonMessage) if part)
        lines = [f"Job {job_id} ({author_name(job)}) is {job.Status}" + (f": {reason}" if reason else "")]
        if spent := times(job):
            lines.append(f"The job {spent}.")
        if job.ran_too_long:
            lines.append(f"The job exceeded its JobMaxRunningTimeMinutes of {job.JobMaxRunningTimeMinutes}.")
    except ApiError as error:
        lines.append(f"(the job could not be read: {error})")
        return (JobFailedError if state == FAILED else JobStoppedError)(job_id, state, "\n".join(lines))
    for pod in (pod for pod in job.Pods if pod.Status == FAILED):
        tail: list[str] = []
        if len(parts) < MAX_PODS:
            lines.append(_failed_pod(job, pod))
            try:
                tail, _ = last_lines(client, job, pod)
                if tail:
                    lines += ["The last lines of its log:", *(f"  | {_shortened(line)}" for line in tail)]
            except ApiError as error:
                lines.append(f"(the log of pod {short_pod_id(job_id, pod.PodId)} is unreadable: {error})")
        code = int(pod.StatusDetail.ExitCode) if pod.StatusDetail.ExitCode.isdecimal() else None
        parts.append(FailedPart(pod.PodId, code, pod.NodeName or pod.Ip, tuple(tail)))
    return _class(job, state)(job_id, state, "\n".join(lines), parts)


def summary(client: Client, job_id: str) -> str:
    """Return that a job has succeeded, and how long it waited and ran."""
    try:
        job = client.get_job(job_id)
    except ApiError as error:
        return f"Job {job_id} is {SUCCEEDED}. (Its times are unreadable: {error})"
    text = f"Job {job_id} ({author_name(job)}) is {SUCCEEDED}"
    return f"{text}; it {spent}." if (spent := times(job)) else f"{text}."


def times(job: Job) -> str:
    """Return how long a job waited and ran; empty while neither is known."""
    return timing(job.GmtCreateTime or job.GmtSubmittedTime, job.GmtRunningTime, job.GmtFinishTime)


def _class(job: Job, state: str) -> type[JobFailedError]:
    if job.ran_too_long or TIME_LIMIT_REASON in job.ReasonCode.lower():
        return TimeLimitError
    failed = [pod for pod in job.Pods if pod.Status == FAILED]
    # A pod that failed by its program makes the job fail, whatever happens to the others.
    ended = [pod for pod in failed if pod.StatusDetail.ExitCode.strip("0").isdecimal() and not _is_lost(pod)]
    if _told_lost(job.SubStatus, job.ReasonCode) or (
        not ended and (any(map(_is_lost, failed)) or _told_lost(job.ReasonMessage))
    ):
        return MachineLostError
    if state != FAILED:
        return JobStoppedError
    return ProgramFailedError if ended else JobFailedError


def _is_lost(pod: Pod) -> bool:
    return _told_lost(pod.SubStatus, pod.StatusDetail.Reason, pod.StatusDetail.Message)


def _told_lost(*reasons: str) -> bool:
    text = "\n".join(reasons).lower()
    return any(part in text for part in LOST_REASONS)


def _failed_pod(job: Job, pod: Pod) -> str:
    detail = pod.StatusDetail
    code = f"exit code {detail.ExitCode}" if detail.ExitCode else ""
    why = ", ".join(part for part in (pod.SubStatus.replace("Normal", ""), code, detail.Reason, detail.Message) if part)
    host = pod.NodeName or pod.Ip
    text = f"Pod {short_pod_id(job.JobId, pod.PodId)} failed" + (f" ({why})" if why else "")
    return f"{text}\n(its host: {host})" if host else text


def last_lines(client: Client, job: Job, pod: Pod, first_span: int = FIRST_SPAN) -> tuple[list[str], int]:
    """Return the last lines of a pod's log, from a window whose response is complete, and that window's seconds.

    It is not documented which lines GetPodLogs leaves out beyond MaxLines; they may be the last ones.

    :param first_span: seconds of the first window; those of the last reading find the lines in one request
    """
    end = pod.GmtFinishTime or job.GmtFinishTime or client.now()
    found: list[str] = []
    # Seconds before the end: the longest span with too few lines, and the shortest one with too many.
    quiet, busy = 0, 0
    span = used = first_span
    while span <= _LAST_SPAN and busy - quiet != 1:
        used = span
        lines = client.get_pod_logs(
            job, pod.PodId, start_time=end - timedelta(seconds=span), max_lines=DEFAULT_LINES
        ).Logs
        if may_lack_lines(lines, DEFAULT_LINES):
            busy, found = span, found or lines
        else:
            quiet, found = span, lines if lines else found
            if len(lines) >= MAX_LINES:
                break
        span = (quiet + busy) // 2 if busy else 8 * span
    return found[-MAX_LINES:], used


def _shortened(line: str) -> str:
    return line if len(line) <= MAX_LINE_LENGTH else f"{line[:MAX_LINE_LENGTH]}... ({len(line)} characters)"
