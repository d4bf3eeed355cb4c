"""Submit a job once, however often it is asked for, to a service that knows no idempotent token.

The token travels in the job itself: as the end of its DisplayName, by which ListJobs finds it, and longer in a tag. It
is looked for before the job is created, and again when no answer to that arrived. Before it stands what all generations
of an owner have in common, so that what was submitted before a clear is found and stopped.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tenacity import RetryError, Retrying, retry_if_result, stop_after_attempt, wait_exponential

from airflow_provider_bcs.exceptions import NoAnswerError, ServerError
from airflow_provider_bcs.waiting.stopping import stop
from airflow_provider_bcs.waiting.submission import (
    MAX_SUBMISSIONS,
    series_token,
    submission_token,
    too_many_submissions,
)

from .facts import MAX_NAME_LENGTH

if TYPE_CHECKING:
    from .client import Client
    from .response import Job

log = logging.getLogger(__name__)

#: The tag that holds the token and what the description was, ``TOKEN.CONTENT``.
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
    """Submit ``job`` for ``owner``, or find again what was submitted for it before; return the job's id.

    What another generation of the owner has submitted is stopped.

    :param resume: look at what was found: after a job that failed or was stopped the job is submitted anew, since the
        service can start none again; so it is when the description has changed, and the job of before is stopped
    :raises ApiError: when the service refuses, when nothing could be found out, or when a job of before could not
        be stopped now
    """
    for ended in range(MAX_SUBMISSIONS):
        marked = _Marked(job, owner, ended)
        # The try before may have created a job just now, and the service may list it a little later.
        found = marked.find_patiently(client, client.retry.attempts - 1) if resume else marked.find(client)
        if found is not None and resume and not _can_be_continued(client, found, marked):
            continue
        marked.stop_others(client)
        if found is None:
            return marked.create(client)
        log.info("Job %s was submitted before; it is %s.", found.JobId, found.Status)
        return found.JobId
    raise too_many_submissions(owner)


def _can_be_continued(client: Client, found: Job, marked: _Marked) -> bool:
    if found.is_unsuccessful:
        log.info("Job %s of the try before is %s; the job is submitted again.", found.JobId, found.Status)
        return False
    if marked.has_content_of(found):
        return True
    log.warning("The job description is not that of the try before, job %s; it is submitted anew.", found.JobId)
    if not found.is_terminal:
        stop(client, found.JobId, log, raise_transient=True)
    return False


def find_submitted(client: Client, job: Mapping[str, Any], owner: Mapping[str, Any]) -> str | None:
    """Return the id of the job that was submitted last for ``owner``, None when there is none that goes on."""
    for ended in range(MAX_SUBMISSIONS):
        # What was asked for just now may come to be only after this.
        found = _Marked(job, owner, ended).find_patiently(client, client.retry.attempts)
        if found is None or not found.is_terminal:
            return found.JobId if found else None
    return None


class _Marked:
    """A job description with a token in it."""

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
        """Return the job that carries the token, one that goes on or succeeded before one that did not."""
        # Filters by tag are documented less well than the one by name, which takes any part of it.
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
        # Listed newest first; the oldest one was there first.
        found.sort(key=lambda job: (job.is_unsuccessful, not job.is_terminal), reverse=True)
        for surplus in found[:-1]:
            if not surplus.is_terminal:
                log.warning("Job %s was created besides %s.", surplus.JobId, found[-1].JobId)
                stop(client, surplus.JobId, log)
        return found[-1] if found else None

    def stop_others(self, client: Client) -> None:
        """Stop what the owner has submitted besides, before a clear for instance."""
        for other in self._others:
            if not other.is_terminal:
                log.info("Job %s, submitted before, is %s; it is not wanted any more.", other.JobId, other.Status)
                stop(client, other.JobId, log, raise_transient=True)

    def create(self, client: Client) -> str:
        """Create the job; when no answer arrives, find out whether it exists."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return client.create_job(self._job).JobId
            except (NoAnswerError, ServerError) as error:
                if isinstance(error, NoAnswerError) and error.never_sent:
                    raise
                log.warning("No answer whether the job was created; it is looked for: %s", error)
                found = self.find_patiently(client, client.retry.attempts + 3)
                if found is not None:
                    return found.JobId
                if attempt == _CREATE_ATTEMPTS:
                    raise

    def find_patiently(self, client: Client, looks: int) -> Job | None:
        """Look several times: how soon the service lists a new job is not documented."""
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
        """Tell whether ``job`` was made from the same description; when its tags are not shown, it was."""
        return job.Settings.Tags.get(TAG, self._tag) == self._tag
