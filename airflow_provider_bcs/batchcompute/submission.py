"""Submit a job exactly once: the service returns the same job for the same idempotency token."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tenacity import RetryError, Retrying, retry_if_result, stop_after_attempt, wait_fixed

from airflow_provider_bcs.exceptions import (
    InvalidRequestError,
    NoAnswerError,
    NotFoundError,
    ServerError,
    StateConflictError,
    TokenMismatchError,
    TooManySubmissionsError,
)
from airflow_provider_bcs.waiting.origin import UNKNOWN, Origin
from airflow_provider_bcs.waiting.submission import MAX_SUBMISSIONS, submission_token

from .origin import descriptions

if TYPE_CHECKING:
    from .client import Client

log = logging.getLogger(__name__)


def submit(
    client: Client,
    job: Mapping[str, Any],
    owner: Mapping[str, Any],
    *,
    resume: bool,
    restart: bool = True,
    origin: Origin = UNKNOWN,
) -> str:
    """Submit ``job`` for ``owner``, or find the job that was submitted for it before; return the job id.

    :param resume: continue the found job: start it again when it failed or was stopped, which runs only instances that
        had not finished; submit another job when it was deleted
    :param restart: False: submit another job also when the found one failed or was stopped
    :param origin: what the submission adds to the job
    :raises ApiError: when the service refuses
    """
    auto_release = bool(job.get("AutoRelease"))
    create = _Creation(client, job, origin)
    try:
        job_id = next(
            job_id
            for job_id in submissions(create, owner, "job")
            if not resume or _resume(client, job_id, restart, auto_release)
        )
    except InvalidRequestError:
        client.observer.submitted("refused")
        raise
    client.observer.submitted("reattached" if resume and create.may_be_earlier else "new")
    return job_id


def find_submitted(
    client: Client, job: Mapping[str, Any], owner: Mapping[str, Any], *, restart: bool, origin: Origin = UNKNOWN
) -> str:
    """Return the id of the job whose submission or restart for ``owner`` was interrupted.

    The idempotency tokens find the job. When none was created, this creates one.

    :param restart: the argument of :func:`submit`
    :param origin: the argument of :func:`submit`
    :raises ApiError: when the service refuses
    """
    auto_release = bool(job.get("AutoRelease"))
    return next(
        job_id
        for job_id in submissions(_Creation(client, job, origin), owner, "job")
        if _continues(client, job_id, restart, auto_release)
    )


def _continues(client: Client, job_id: str, restart: bool, auto_release: bool) -> bool:
    """Return whether a job continues, or would have been started again."""
    try:
        found = client.get_job(job_id)
    except NotFoundError:
        # The service deletes a job with AutoRelease after its success.
        return auto_release
    if found.is_unsuccessful and restart:
        _wait_for_start(client, job_id)
    return restart or not found.is_unsuccessful


class _Creation:
    """Function that creates the job of an idempotency token, or finds it, and returns its id.

    :ivar may_be_earlier: whether the last job may be that of an earlier attempt
    """

    def __init__(self, client: Client, job: Mapping[str, Any], origin: Origin) -> None:
        self._client = client
        self._descriptions = descriptions(job, origin)
        # Attempts with equal descriptions cannot be told apart.
        self.may_be_earlier = True

    def __call__(self, token: str) -> str:
        # If no job has the token, the first description creates one. If an earlier attempt created it, that attempt's
        # description finds it.
        *others, last = self._descriptions
        for number, description in enumerate(others):
            with suppress(TokenMismatchError):
                job_id = self._client.create_job(description, token).Id
                self.may_be_earlier = number > 0
                return job_id
        job_id = self._client.create_job(last, token).Id
        self.may_be_earlier = True
        return job_id


def submissions(create: Callable[[str], str], owner: Mapping[str, Any], kind: str) -> Iterator[str]:
    """Yield the ids of an owner's jobs or clusters, the oldest first, without an end.

    The idempotency tokens find those that exist. Create the next one only when the caller asks for it.

    :param create: creates a resource with a token, or finds the one that has it; returns its id
    :param kind: the word for it in a log line
    :raises TooManySubmissionsError: after MAX_SUBMISSIONS of them
    """
    for ended in range(MAX_SUBMISSIONS):
        try:
            yield create(submission_token(owner, ended))
        except TokenMismatchError:
            log.warning(
                "The %s description differs from that of the previous attempt; creating another %s.", kind, kind
            )
    raise TooManySubmissionsError(f"{MAX_SUBMISSIONS} submissions for {dict(owner)}")


def _wait_for_start(client: Client, job_id: str) -> None:
    """Wait a moment for a job to start: the service may carry out a StartJob request after its answer."""
    looking = Retrying(
        # Airflow sends SIGKILL five seconds after SIGTERM.
        stop=stop_after_attempt(6),
        wait=wait_fixed(client.retry.first_wait),
        retry=retry_if_result(lambda found: found.is_unsuccessful),
    )
    with suppress(RetryError):
        looking(client.get_job, job_id)


def _resume(client: Client, job_id: str, restart: bool, auto_release: bool) -> bool:
    """Start a job again where necessary; return False when another job must be submitted."""
    try:
        found = client.get_job(job_id)
        if found.is_unsuccessful:
            if not restart:
                log.info("Job %s of the previous attempt is %s; submitting another job.", job_id, found.State)
                return False
            log.info("Job %s of the previous attempt is %s; starting it again.", job_id, found.State)
            start_again(client, job_id)
    except NotFoundError:
        if auto_release:
            # The service deletes a job with AutoRelease after its success.
            return True
        log.warning("Job %s of the previous attempt was deleted; submitting another job.", job_id)
        return False
    return True


def start_again(client: Client, job_id: str) -> None:
    """Start a job that failed or was stopped; a job that was started in the meantime is no error.

    :raises ApiError: when the service refuses, or when the job may not have started
    """
    try:
        client.start_job(job_id)
    except StateConflictError:
        log.info("Job %s was started by another client.", job_id)
    except (NoAnswerError, ServerError):
        # The request may have reached the service.
        if client.get_job(job_id).is_unsuccessful:
            raise
