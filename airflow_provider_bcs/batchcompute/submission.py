"""Submit a job once, however often it is asked for: the same idempotent token gives the same job."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from tenacity import RetryError, Retrying, retry_if_result, stop_after_attempt, wait_fixed

from airflow_provider_bcs.exceptions import (
    NoAnswerError,
    NotFoundError,
    ServerError,
    StateConflictError,
    TokenMismatchError,
)
from airflow_provider_bcs.waiting.submission import MAX_SUBMISSIONS, submission_token, too_many_submissions

if TYPE_CHECKING:
    from .client import Client
    from .response import Created

log = logging.getLogger(__name__)


def submit(
    client: Client,
    job: Mapping[str, Any],
    owner: Mapping[str, Any],
    *,
    resume: bool,
    restart: bool = True,
) -> str:
    """Submit ``job`` for ``owner``, or find again what was submitted for it before; return the job's id.

    :param resume: look at what was found: a job that failed or was stopped is started again, which runs only what had
        not finished in it; one that was deleted is submitted anew
    :param restart: False to submit anew what failed or was stopped, too
    :raises ApiError: when the service refuses
    """
    for job_id in _jobs(client, job, owner):
        if not resume or _resume(client, job_id, restart, bool(job.get("AutoRelease"))):
            return job_id
    raise too_many_submissions(owner)


def find_submitted(client: Client, job: Mapping[str, Any], owner: Mapping[str, Any], *, restart: bool) -> str:
    """Return the id of the job that was being submitted for ``owner``, or started again, when that was broken off.

    The tokens give the job that was created; if there was none, one is.

    :param restart: what :func:`submit` was told
    :raises ApiError: when the service refuses
    """
    for job_id in _jobs(client, job, owner):
        try:
            found = client.get_job(job_id)
        except NotFoundError:
            if job.get("AutoRelease"):
                return job_id
            continue
        if found.is_unsuccessful and not restart:
            continue
        if found.is_unsuccessful:
            _wait_for_start(client, job_id)
        return job_id
    raise too_many_submissions(owner)


def submissions(create: Callable[[str], Created], owner: Mapping[str, Any], on_mismatch: str) -> Iterator[str]:
    """Yield the ids of the jobs or clusters of an owner, the first one first; create the next one only when needed.

    :param create: creates a job or cluster with an idempotency token, or finds the one that has the token
    :param on_mismatch: line for the log when the token belongs to another description
    """
    for ended in range(MAX_SUBMISSIONS):
        try:
            yield create(submission_token(owner, ended)).Id
        except TokenMismatchError:
            log.warning(on_mismatch)


def _jobs(client: Client, job: Mapping[str, Any], owner: Mapping[str, Any]) -> Iterator[str]:
    text = "The job description is not that of the try before; it is submitted as a new job."
    return submissions(partial(client.create_job, job), owner, text)


def _wait_for_start(client: Client, job_id: str) -> None:
    """Wait whether a job starts: what was asked for just now may be carried out only after this."""
    looking = Retrying(
        # Who is killed has five seconds.
        stop=stop_after_attempt(6),
        wait=wait_fixed(client.retry.first_wait),
        retry=retry_if_result(lambda found: found.is_unsuccessful),
    )
    with suppress(RetryError):
        looking(client.get_job, job_id)


def _resume(client: Client, job_id: str, restart: bool, auto_release: bool) -> bool:
    """Start a job again where that is needed and wanted; return False when it has ended for good."""
    try:
        found = client.get_job(job_id)
        if found.is_unsuccessful:
            if not restart:
                log.info("Job %s of the try before is %s; the job is submitted again.", job_id, found.State)
                return False
            log.info("Job %s of the try before is %s; it is started again.", job_id, found.State)
            start_again(client, job_id)
    except NotFoundError:
        if auto_release:
            # The service deletes such a job once it has succeeded.
            return True
        log.warning("Job %s of the try before was deleted; the job is submitted again.", job_id)
        return False
    return True


def start_again(client: Client, job_id: str) -> None:
    """Start a job that failed or was stopped; it is no error that it has been started by now.

    :raises ApiError: when the service refuses, or when it is not known to have started
    """
    try:
        client.start_job(job_id)
    except StateConflictError:
        log.info("Job %s was started by somebody else.", job_id)
    except (NoAnswerError, ServerError):
        # It may have been started all the same.
        if client.get_job(job_id).is_unsuccessful:
            raise
