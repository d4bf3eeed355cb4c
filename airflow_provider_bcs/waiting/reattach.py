"""Submit the job of a task instance and remember its id, so that a further attempt reattaches to it or stops it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .polling import Log
from .submission import GENERATION

__all__ = ["STORED_JOB", "Store", "reattach"]

#: Key of the stored job. Older versions have stored jobs under it: keep the key and the fields of its value.
STORED_JOB = "bcs_job"


class Store(Protocol):
    """Key-value store of one task instance that outlives its attempts; values are plain JSON."""

    def get(self, key: str, /) -> Any: ...

    def set(self, key: str, value: Any, /) -> None: ...


def reattach(
    submit: Callable[[], str],
    owner: Mapping[str, Any],
    store: Store | None,
    stop: Callable[[str], None],
    log: Log,
) -> str:
    """Reattach to the job that ``owner`` submitted before, or submit one; return the job id.

    The stored job of another generation, or one that ``submit`` has replaced, is stopped.

    :param submit: submits the job, or finds it again by its idempotency token
    :param owner: identity of the task instance, with its generation
    :param store: holds the job id of ``owner``; None where Airflow has no such store
    :param stop: stops a job and raises transient errors
    :param log: receives a line for each job that is stopped
    :raises ApiError: when a former job cannot be stopped now; a further call stops it
    """
    former = None if store is None else store.get(STORED_JOB)
    if former is not None and former["generation"] != owner[GENERATION]:
        # A clear starts over. Two jobs at the same time may write to the same place.
        _stop(former["job_id"], stop, log)
        former = None
    job_id = submit()
    # Only submit() knows whether the same generation goes on with its job.
    if former is not None and former["job_id"] != job_id:
        _stop(former["job_id"], stop, log)
    if store is not None:
        store.set(STORED_JOB, {"job_id": job_id, "generation": owner[GENERATION]})
    return job_id


def _stop(job_id: str, stop: Callable[[str], None], log: Log) -> None:
    log.info("Job %s, submitted before, is not wanted any more.", job_id)
    stop(job_id)
