"""Stop a job that nobody waits for any more."""

from __future__ import annotations

from typing import Any, Protocol

from airflow_provider_bcs.exceptions import (
    AccessDeniedError,
    ApiError,
    InvalidRequestError,
    NotFoundError,
    StateConflictError,
)

from .polling import Log


class JobClient(Protocol):
    """A client of either service."""

    def stop_job(self, job: Any, /) -> None: ...


def stop(client: JobClient, job_id: str, log: Log, *, insist: bool = False) -> None:
    """Stop a job, and say in the log what came of it; that it has ended is no error.

    :param insist: raise an error that may pass instead, for somebody who tries again
    :raises ApiError: only then
    """
    try:
        client.stop_job(job_id)
    except (StateConflictError, NotFoundError) as error:
        log.info("Job %s is not running any more: %s", job_id, error)
    except ApiError as error:
        # The connection may be another one by now than that the job was submitted with.
        if insist and not isinstance(error, (AccessDeniedError, InvalidRequestError)):
            raise
        log.error("Job %s could NOT be stopped and may still run: %s", job_id, error)
    else:
        log.info("Job %s is stopped.", job_id)
