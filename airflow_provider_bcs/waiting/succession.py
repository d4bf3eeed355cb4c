"""One job after another: what an owner has submitted before does not go on beside what it submits now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .polling import Log
from .stopping import JobClient, stop
from .submission import GENERATION

#: What an owner keeps its job under; renaming it, or a field of its value, would lose what older versions have kept.
KEPT = "bcs_job"


class Store(Protocol):
    """What keeps plain JSON for an owner, over everything that happens to it."""

    def get(self, key: str, /) -> Any: ...

    def set(self, key: str, value: Any, /) -> None: ...


def submit_as_successor(
    submit: Callable[[], str],
    owner: Mapping[str, Any],
    store: Store | None,
    client: JobClient,
    log: Log,
) -> str:
    """Submit a job for ``owner``; what it has kept of before is stopped where that is another job. Return the job's id.

    :param submit: submits the job, or finds it again; what it raises is raised
    :param store: where the owner keeps which job is its own; None where nothing can be kept
    :raises ApiError: when a job of before could not be stopped now; doing all of this again stops it
    """
    before = None if store is None else store.get(KEPT)
    if before is not None and before["generation"] != owner[GENERATION]:
        # To start over is to end what was begun; two of them at a time may write to the same place.
        _stop(before["job_id"], client, log)
        before = None
    job_id = submit()
    # Only now is it known whether the same generation goes on with its job.
    if before is not None and before["job_id"] != job_id:
        _stop(before["job_id"], client, log)
    if store is not None:
        store.set(KEPT, {"job_id": job_id, "generation": owner[GENERATION]})
    return job_id


def _stop(job_id: str, client: JobClient, log: Log) -> None:
    log.info("Job %s, submitted before, is not wanted any more.", job_id)
    stop(client, job_id, log, insist=True)
