"""Submit a job exactly once to a service that has no idempotency token.

The job itself carries the token: a part at the end of its DisplayName, by which ListJobs finds the job, and more of it
in a tag. The client looks for it before it creates a job, and again after a lost answer. The DisplayName also carries a
token of the whole series of an owner's submissions, so that the client finds and stops jobs from before a clear.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tenacity import RetryError, Retrying, retry_if_result, stop_after_attempt, wait_exponential

from airflow_provider_bcs.exceptions import NoAnswerError, ServerError, TooManySubmissionsError
from airflow_provider_bcs.waiting.stopping import stop
from airflow_provider_bcs.waiting.submission import MAX_SUBMISSIONS, series_token, submission_token

from .facts import MAX_NAME_LENGTH

if TYPE_CHECKING:
    from .client import Client
    from .response import Job

log = logging.getLogger(__name__)

#: Tag with the token and a digest of the description, ``TOKEN.CONTENT``.
TAG = "airflow-submission"
_SERIES_DIGITS = 16
_TOKEN_DIGITS = 8
_CREATE_ATTEMPTS = 3


def submit(
    client: Client,
    job: Mapping[str, Any],
    owner: Mapping[str, Any],
    *,
    resume: bool,
) -> str:
    """Submit ``job`` for ``owner``, or find the job that was submitted for it before; return the job id.

    Stop jobs of earlier generations of the owner.

    :param resume: continue the found job: submit another one when it failed or was stopped, because the service cannot
        start it again; stop it and submit another one when the description has changed
    :raises ApiError: when the service refuses or does not answer, or when an earlier job cannot be stopped now
    """
    for ended in range(MAX_SUBMISSIONS):
        marked = _Marked(job, owner, ended)
        # A job of the previous attempt may be so new that the service does not list it yet.
        found = marked.find_patiently(client, client.retry.attempts - 1) if resume else marked.find(client)
        if found is not None and resume and not _can_be_continued(client, found, marked):
            continue
        marked.stop_others(client)
        if found is None:
            return marked.create(client)
        log.info("Job %s was submitted before and is %s.", found.JobId, found.Status)
        return found.JobId
    raise TooManySubmissionsError(f"{MAX_SUBMISSIONS} submissions for {dict(owner)}")


def _can_be_continued(client: Client, found: Job, marked: _Marked) -> bool:
    if found.is_unsuccessful:
        log.info("Job %s of the previous attempt is %s; submitting another job.", found.JobId, found.Status)
        return False
    if marked.has_content_of(found):
        return True
    log.warning(
        "The job description differs from that of the previous attempt, job %s; submitting another job.", found.JobId
    )
    if not found.is_terminal:
        stop(client, found.JobId, log, raise_transient=True)
    return False


def find_submitted(client: Client, job: Mapping[str, Any], owner: Mapping[str, Any]) -> str | None:
    """Return the id of the job that was submitted last for ``owner``; None when no such job continues."""
    for ended in range(MAX_SUBMISSIONS):
        # A request that was sent just now may take effect only after this.
        found = _Marked(job, owner, ended).find_patiently(client, client.retry.attempts)
        if found is None or not found.is_terminal:
            return found.JobId if found else None
    return None


class _Marked:
    """Job description with a token in its DisplayName and tags."""

    def __init__(self, job: Mapping[str, Any], owner: Mapping[str, Any], ended: int) -> None:
        token = submission_token(owner, ended)
        self._series = f"-{series_token(owner)[:_SERIES_DIGITS]}-"
        self._name_end = self._series + token[:_TOKEN_DIGITS]
        self._others: list[Job] = []
        name = str(job["DisplayName"])[: MAX_NAME_LENGTH - len(self._name_end)] + self._name_end
        content = hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()
        self._tag = f"{token[:32]}.{content[:16]}"
        settings = job.get("Settings") or {}
        tags = {**(settings.get("Tags") or {}), TAG: self._tag}
        self._job = {**job, "DisplayName": name, "Settings": {**settings, "Tags": tags}}

    def find(self, client: Client) -> Job | None:
        """Return the job with the token; prefer one that continues or succeeded."""
        # The filter by name, which matches any part of it, is better documented than the filter by tag.
        from .client import BEGINNING

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
        # ListJobs begins with the newest job; the sort keeps the oldest of equal ones last.
        found.sort(key=lambda job: (job.is_unsuccessful, not job.is_terminal), reverse=True)
        for surplus in found[:-1]:
            if not surplus.is_terminal:
                log.warning("Job %s is a duplicate of %s; stopping it.", surplus.JobId, found[-1].JobId)
                stop(client, surplus.JobId, log)
        return found[-1] if found else None

    def stop_others(self, client: Client) -> None:
        """Stop other jobs of the owner, for instance those from before a clear."""
        for other in self._others:
            if not other.is_terminal:
                log.info("Job %s of an earlier generation is %s; stopping it.", other.JobId, other.Status)
                stop(client, other.JobId, log, raise_transient=True)

    def create(self, client: Client) -> str:
        """Create the job; after a lost answer, look whether it exists."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return client.create_job(self._job).JobId
            except (NoAnswerError, ServerError) as error:
                if isinstance(error, NoAnswerError) and error.never_sent:
                    raise
                log.warning("Lost the answer to CreateJob; looking for the job: %s", error)
                found = self.find_patiently(client, client.retry.attempts + 3)
                if found is not None:
                    return found.JobId
                if attempt == _CREATE_ATTEMPTS:
                    raise

    def find_patiently(self, client: Client, looks: int) -> Job | None:
        """Return the job with the token after several looks: how soon ListJobs shows a new job is not documented."""
        looking = Retrying(
            stop=stop_after_attempt(looks),
            wait=wait_exponential(client.retry.first_wait, max=client.retry.max_wait),
            retry=retry_if_result(lambda found: found is None),
        )
        try:
            return looking(self.find, client)
        except RetryError:
            return None

    def has_content_of(self, job: Job) -> bool:
        """Return whether ``job`` has the same description; assume so when the answer has no tags."""
        return job.Settings.Tags.get(TAG, self._tag) == self._tag
