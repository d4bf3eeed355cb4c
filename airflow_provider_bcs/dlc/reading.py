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
    """Yield the state of each target, or the error that is its own, as soon as it is known.

    Jobs are listed by their ids, a hundred a call; a job that is alone, one that the list lacks, and one whose pods are
    wanted, are asked for one by one.

    :raises ApiError: when it concerns all of them
    """
    # Of most jobs nothing but the state is wanted: a list for each would be many objects.
    listed: dict[str, JobTarget] = {}
    single: dict[str, list[JobTarget | PodTarget]] = {}
    for target in targets:
        if isinstance(target, PodTarget) or listed.setdefault(target.job_id, target) is not target:
            single.setdefault(target.job_id, []).append(target)
    for job_id in single.keys() & listed.keys():
        single[job_id].append(listed.pop(job_id))
    try:
        # What is alone is asked for by itself.
        together = sorted(listed) if len(listed) > 1 else ()
        for job in client.list_jobs(together, unreadable=_leave_out, fields=JOB_STATE):
            if job.JobId in listed:
                yield listed.pop(job.JobId), job
    except (InvalidRequestError, NotFoundError, AccessDeniedError, TypeError):
        # An id that is none, or no permission to list; each of those that are left says what it is.
        pass
    for target in listed.values():
        yield target, _job(client, target.job_id)
    for job_id, wanted in single.items():
        found = _job(client, job_id)
        for each in wanted:
            yield each, _pod(client, found, each) if isinstance(each, PodTarget) else found


def _leave_out(error: ServerError) -> None:
    """What cannot be read in a list is asked for by itself, and then says so itself."""


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
