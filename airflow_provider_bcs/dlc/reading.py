"""Read the states of many jobs and pods in few calls."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING

from airflow_provider_bcs.openapi.errors import (
    OWN_ERRORS,
    AccessDeniedError,
    HopelessWaitError,
    InvalidRequestError,
    NotFoundError,
)

from .target import JobTarget, PodTarget

if TYPE_CHECKING:
    from .client import Client
    from .response import Job, Pod


def read_all(
    client: Client, targets: Iterable[JobTarget | PodTarget]
) -> Iterator[tuple[Hashable, Job | Pod | Exception]]:
    """Yield the state of each target, or the error that is its own, as soon as it is known.

    Jobs are listed by their ids, a hundred a call; a job that is alone, one that the list lacks, and one whose pods are
    wanted, are asked for one by one.

    :raises OpenApiError: when it concerns all of them
    """
    jobs: set[str] = set()
    pods: dict[str, list[PodTarget]] = {}
    by_id: dict[str, list[JobTarget]] = {}
    for target in targets:
        if isinstance(target, PodTarget):
            pods.setdefault(target.job_id, []).append(target)
        else:
            by_id.setdefault(target.job_id, []).append(target)
            jobs.add(target.job_id)
    jobs -= pods.keys()
    try:
        for job in client.list_jobs(sorted(jobs)) if len(jobs) > 1 else ():
            if job.JobId in jobs:
                jobs.discard(job.JobId)
                for target in by_id[job.JobId]:
                    yield target, job
    except (InvalidRequestError, NotFoundError, AccessDeniedError, TypeError):
        # An id that is none, or no permission to list; each of those that are left says what it is.
        pass
    for job_id in (*jobs, *pods):
        found = _job(client, job_id)
        for target in by_id.get(job_id, ()):
            yield target, found
        for pod in pods.get(job_id, ()):
            yield pod, _pod(client, found, pod)


def _job(client: Client, job_id: str) -> Job | Exception:
    try:
        return client.get_job(job_id)
    except OWN_ERRORS as error:
        return error


def _pod(client: Client, job: Job | Exception, target: PodTarget) -> Pod | Exception:
    if isinstance(job, Exception):
        return job
    try:
        return target.find(client, job)
    except HopelessWaitError as error:
        return error
