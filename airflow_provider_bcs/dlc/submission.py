"""Submit a job exactly once, although CreateJob has no idempotency token.

The token is part of the job. DisplayName ends in its first digits, by which ListJobs finds the job. A tag has more of
its digits. A submission looks for the token before it creates a job, and again after a response was lost.

In DisplayName, the token follows digits that all generations of an owner share. By these, a submission finds the jobs
from before a clear and stops them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tenacity import RetryError, Retrying, retry_if_result, stop_after_attempt, wait_exponential

from airflow_provider_bcs.description.source import CheckedJob
from airflow_provider_bcs.exceptions import InvalidRequestError, NoAnswerError, ServerError
from airflow_provider_bcs.waiting.origin import UNKNOWN, Origin
from airflow_provider_bcs.waiting.stopping import stop
from airflow_provider_bcs.waiting.submission import (
    MAX_SUBMISSIONS,
    series_token,
    submission_token,
    too_many_submissions,
)

from .facts import MAX_NAME_LENGTH
from .origin import with_origin

if TYPE_CHECKING:
    from .client import Client
    from .response import Job

log = logging.getLogger(__name__)

#: Key of the tag with the token and a hash of the description: ``TOKEN.HASH``.
TAG = "airflow-submission"
_SERIES_DIGITS = 16
_TOKEN_DIGITS = 8
_CREATE_ATTEMPTS = 3
_TOKENS = re.compile(rf"-[0-9a-f]{{{_SERIES_DIGITS}}}-[0-9a-f]{{{_TOKEN_DIGITS}}}$")


def author_name(job: Job) -> str:
    """Return the ``DisplayName`` of a job without the tokens that :func:`submit` has added."""
    return _TOKENS.sub("", job.DisplayName) if TAG in job.Settings.Tags else job.DisplayName


def submit(
    client: Client,
    job: Mapping[str, Any],
    owner: Mapping[str, Any],
    *,
    resume: bool,
    origin: Origin = UNKNOWN,
) -> str:
    """Submit a job for ``owner``, or find the job that was submitted before; return the ``JobId``.

    Jobs of other generations of the owner are stopped. A second call with the same owner returns the same job::

        owner = {"dag": "train", "run": "2026-01-02", "task": "fit", "generation": 1}
        job_id = submit(client, job, owner, resume=False)
        assert submit(client, job, owner, resume=False) == job_id

    :param client: client of the job's service
    :param job: the description, with a ``DisplayName``; the token is added to a copy of it
    :param owner: plain JSON values that identify the owner; see
        :func:`~airflow_provider_bcs.waiting.submission.submission_token`
    :param resume: True for a further attempt. A job that failed or was stopped is then submitted again, because
        PAI-DLC cannot restart a job. If the description has changed, the former job is stopped and replaced
    :param origin: what the submission adds to the job; a job of another attempt may have another one
    :raises ApiError: when the service refuses or does not respond, or a former job cannot be stopped now
    :raises TooManySubmissionsError: after 1000 submissions of one owner
    """
    for ended in range(MAX_SUBMISSIONS):
        submission = _Submission(job, owner, ended)
        # The previous attempt may have created a job just now, and ListJobs may return it some seconds later.
        found = submission.find_with_retries(client, client.retry.attempts - 1) if resume else submission.find(client)
        if found is not None and resume and not _can_be_continued(client, found, submission):
            continue
        submission.stop_others(client)
        if found is None:
            try:
                job_id = submission.create(client, origin)
            except InvalidRequestError:
                client.observer.submitted("refused")
                raise
            client.observer.submitted("new")
            return job_id
        log.info("Job %s was submitted before; it is %s.", found.JobId, found.Status)
        client.observer.submitted("reattached")
        return found.JobId
    raise too_many_submissions(owner)


def _can_be_continued(client: Client, found: Job, submission: _Submission) -> bool:
    if found.is_unsuccessful:
        log.info("Job %s of the previous attempt is %s; the job is submitted again.", found.JobId, found.Status)
        return False
    if submission.has_content_of(found):
        return True
    log.warning(
        "The description has changed since job %s of the previous attempt; the job is submitted again.", found.JobId
    )
    if not found.is_terminal:
        stop(client, found.JobId, log, raise_transient=True)
    return False


def find_submitted(client: Client, job: Mapping[str, Any], owner: Mapping[str, Any]) -> str | None:
    """Return the ``JobId`` of the owner's last job, None when there is no job or it has ended.

    :param client: client of the job's service
    :param job: the description that was submitted
    :param owner: the owner, as for :func:`submit`
    :raises ApiError: when the service refuses or does not respond
    """
    for ended in range(MAX_SUBMISSIONS):
        # A CreateJob that was interrupted may take effect after the first request of this loop.
        found = _Submission(job, owner, ended).find_with_retries(client, client.retry.attempts)
        if found is None or not found.is_terminal:
            return found.JobId if found else None
    return None


class _Submission:
    """One submission of an owner: the job description with its token."""

    def __init__(self, job: Mapping[str, Any], owner: Mapping[str, Any], ended: int) -> None:
        token = submission_token(owner, ended)
        self._series = f"-{series_token(owner)[:_SERIES_DIGITS]}-"
        self._name_end = self._series + token[:_TOKEN_DIGITS]
        self._others: list[Job] = []
        name = str(job["DisplayName"])[: MAX_NAME_LENGTH - len(self._name_end)] + self._name_end
        # Of the author's description only: the origin differs from attempt to attempt.
        content = hashlib.sha256(json.dumps(dict(job), sort_keys=True).encode()).hexdigest()
        self._tag = f"{token[:32]}.{content[:16]}"
        settings = job.get("Settings") or {}
        tags = {**(settings.get("Tags") or {}), TAG: self._tag}
        # The client does not copy it.
        self._job = CheckedJob({**job, "DisplayName": name, "Settings": {**settings, "Tags": tags}})

    def find(self, client: Client) -> Job | None:
        """Return the job with the token. A job that runs or has succeeded precedes one that failed or was stopped."""
        from .client import BEGINNING

        # The filter by Tags is documented less precisely than DisplayName, which matches any part of the name.
        listed = client.list_jobs(
            display_name=self._series,
            start_time=BEGINNING,
            workspace_id=self._job.get("WorkspaceId") or "",
            accessibility=self._job.get("Accessibility") or "",
        )
        found: list[Job] = []
        self._others = []
        for item in listed:
            (found if item.DisplayName.endswith(self._name_end) else self._others).append(item)
        # ListJobs returns the newest job first. The sort keeps that order, so the last job is the oldest one.
        found.sort(key=lambda job: (job.is_unsuccessful, not job.is_terminal), reverse=True)
        for duplicate in found[:-1]:
            if not duplicate.is_terminal:
                log.warning("Job %s is a duplicate of %s and is stopped.", duplicate.JobId, found[-1].JobId)
                stop(client, duplicate.JobId, log)
        return found[-1] if found else None

    def stop_others(self, client: Client) -> None:
        """Stop the owner's other jobs, e.g. the job from before a clear."""
        for other in self._others:
            if not other.is_terminal:
                log.info("Job %s, submitted before, is %s and is stopped.", other.JobId, other.Status)
                stop(client, other.JobId, log, raise_transient=True)

    def create(self, client: Client, origin: Origin) -> str:
        """Create the job. When the response is lost, look for the job before the next attempt."""
        job = with_origin(self._job, origin)
        attempt = 0
        while True:
            attempt += 1
            try:
                return client.create_job(job).JobId
            except (NoAnswerError, ServerError) as error:
                if isinstance(error, NoAnswerError) and error.never_sent:
                    raise
                log.warning("CreateJob had no response, so ListJobs shows whether the job exists: %s", error)
                found = self.find_with_retries(client, client.retry.attempts + 3)
                if found is not None:
                    return found.JobId
                if attempt == _CREATE_ATTEMPTS:
                    raise

    def find_with_retries(self, client: Client, attempts: int) -> Job | None:
        """Call :meth:`find` up to ``attempts`` times: it is not documented when ListJobs returns a new job."""
        finding = Retrying(
            stop=stop_after_attempt(attempts),
            wait=wait_exponential(client.retry.first_wait, max=client.retry.max_wait),
            retry=retry_if_result(lambda found: found is None),
        )
        try:
            return finding(self.find, client)
        except RetryError:
            return None

    def has_content_of(self, job: Job) -> bool:
        """Return whether ``job`` has the same description; True also when ListJobs returns no tags."""
        return job.Settings.Tags.get(TAG, self._tag) == self._tag
