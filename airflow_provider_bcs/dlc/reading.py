"""Read the states of many jobs and pods in as few calls as possible."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING

from airflow_provider_bcs.exceptions import (
    AccessDeniedError,
    InvalidRequestError,
    NotFoundError,
    RefusedKeysError,
    ServerError,
    WaitAbortedError,
)
from airflow_provider_bcs.http.errors import OWN_ERRORS

from .response import JOB_STATE
from .target import JobTarget, PodTarget

if TYPE_CHECKING:
    from .client import Client
    from .response import Job, Pod


def read_all(
    client: Client, targets: Iterable[JobTarget | PodTarget]
) -> Iterator[tuple[Hashable, Job | Pod | Exception]]:
    """Yield the state of each target, or the error of that target, as soon as it is known.

    ListJobs returns 100 jobs per call. GetJob is used for a single job, for a job that ListJobs leaves out, and for a
    job whose pods are targets.

    :param client: reads the jobs
    :param targets: jobs and pods
    :raises ApiError: when the error concerns all targets
    """
    # Most jobs have one target, so the dict holds the target itself: thousands of lists would cost memory.
    listed: dict[str, JobTarget] = {}
    single: dict[str, list[JobTarget | PodTarget]] = {}
    for target in targets:
        if isinstance(target, PodTarget) or listed.setdefault(target.job_id, target) is not target:
            single.setdefault(target.job_id, []).append(target)
    for job_id in single.keys() & listed.keys():
        single[job_id].append(listed.pop(job_id))
    try:
        # GetJob is the cheaper call for a single job.
        together = sorted(listed) if len(listed) > 1 else ()
        for job in client.list_jobs(together, unreadable=_leave_out, fields=JOB_STATE):
            if job.JobId in listed:
                yield listed.pop(job.JobId), job
    except (InvalidRequestError, NotFoundError, AccessDeniedError, TypeError):
        # One id is invalid, or the user may not list jobs. GetJob returns the error of each remaining job.
        pass
    for target in listed.values():
        yield target, _job(client, target.job_id)
    for job_id, wanted in single.items():
        found = _job(client, job_id)
        for each in wanted:
            yield each, _pod(client, found, each) if isinstance(each, PodTarget) else found


def _leave_out(error: ServerError) -> None:
    """Ignore an unreadable job of a page; GetJob reads it later and returns its error."""


def _job(client: Client, job_id: str) -> Job | Exception:
    try:
        return client.get_job(job_id)
    except RefusedKeysError:
        raise
    except OWN_ERRORS as error:
        return error


def _pod(client: Client, job: Job | Exception, target: PodTarget) -> Pod | Exception:
    if isinstance(job, Exception):
        return job
    try:
        return target.find(client, job)
    except WaitAbortedError as error:
        return error
