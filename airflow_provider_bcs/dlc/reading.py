"""Read the states of many jobs and pods in few calls."""

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
    """Yield the state of each target, or its own error, as soon as it is known.

    One ListJobs call reads up to 100 jobs by their ids. A single job, a job that the list lacks, and a job with a pod
    among the targets cost one GetJob call each.

    :raises ApiError: for an error that concerns all targets
    """
    # One target a job is the usual case: a list for each job would cost memory for thousands of jobs.
    listed: dict[str, JobTarget] = {}
    single: dict[str, list[JobTarget | PodTarget]] = {}
    for target in targets:
        if isinstance(target, PodTarget) or listed.setdefault(target.job_id, target) is not target:
            single.setdefault(target.job_id, []).append(target)
    for job_id in single.keys() & listed.keys():
        single[job_id].append(listed.pop(job_id))
    try:
        # A single job needs no list.
        together = sorted(listed) if len(listed) > 1 else ()
        for job in client.list_jobs(together, unreadable=_leave_out, fields=JOB_STATE):
            if job.JobId in listed:
                yield listed.pop(job.JobId), job
    except (InvalidRequestError, NotFoundError, AccessDeniedError, TypeError):
        # A malformed id, or no permission to list jobs: the single calls below report the error of each job.
        pass
    for target in listed.values():
        yield target, _job(client, target.job_id)
    for job_id, wanted in single.items():
        found = _job(client, job_id)
        for each in wanted:
            yield each, _pod(client, found, each) if isinstance(each, PodTarget) else found


def _leave_out(error: ServerError) -> None:
    """Ignore an unreadable item of a list: a single call reports its error."""


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
