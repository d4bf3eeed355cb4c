"""Submit a job once, however often it is asked for.

The token of a submission is a pure function of who submits and of how many submissions before are known to have
ended, so that asking again after a lost answer, a dead worker or a retry finds the same job.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.openapi.errors import NotFoundError, StateConflictError, TokenMismatchError

if TYPE_CHECKING:
    from .client import Client
    from .response import Job

log = logging.getLogger(__name__)

_MAX_SUBMISSIONS = 1000


def submission_token(owner: Mapping[str, Any], ended: int = 0) -> str:
    """Return a token of 64 hexadecimal digits.

    :param owner: who submits, e.g. dag, run, task, map index and generation; plain JSON values
    :param ended: how many submissions of this owner are known to have ended
    """
    text = json.dumps([dict(owner), ended], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def submit(
    client: Client,
    job: Mapping[str, Any],
    owner: Mapping[str, Any],
    *,
    resume: bool,
    on_submitted: Callable[[str], None] = lambda job_id: None,
) -> Job:
    """Submit ``job`` for ``owner``, or find again what was submitted for it before.

    :param resume: start a job again that was found failed or stopped; what had finished in it is not run again
    :param on_submitted: called with the job's id as soon as it is known, before anything else can go wrong
    :return: the job's state
    :raises OpenApiError: when the service refuses
    """
    for ended in range(_MAX_SUBMISSIONS):
        try:
            created = client.create_job(job, submission_token(owner, ended))
            on_submitted(created.Id)
            found = client.get_job(created)
        except TokenMismatchError:
            log.warning("The job description is not that of the try before; it is submitted as a new job.")
        except NotFoundError:
            log.warning("The job of the try before was deleted; it is submitted again.")
        else:
            return _resumed(client, found) if resume and found.is_unsuccessful else found
    raise RuntimeError(f"{_MAX_SUBMISSIONS} submissions for one owner; there must be a mistake: {dict(owner)}")


def _resumed(client: Client, job: Job) -> Job:
    log.info("Job %s of the try before is %s; it is started again.", job.Id, job.State)
    try:
        client.start_job(job)
    except StateConflictError:
        log.info("Job %s was started by somebody else.", job.Id)
    return client.get_job(job)
