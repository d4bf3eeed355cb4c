"""Stop a job and log the result."""

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
    """Client that can stop a job."""

    def stop_job(self, job: Any, /) -> None: ...


def stop(client: JobClient, job_id: str, log: Log, *, raise_transient: bool = False) -> None:
    """Stop a job and log the result. A job that has ended, or that does not exist, is no error.

    :param client: client of the job's service
    :param job_id: id of the job
    :param log: receives one line with the result
    :param raise_transient: raise transient errors instead of logging them, so that the caller can retry
    :raises ApiError: only with ``raise_transient``
    """
    try:
        client.stop_job(job_id)
    except (StateConflictError, NotFoundError) as error:
        log.info("Job %s is not running any more: %s", job_id, error)
    except ApiError as error:
        # After a change of the connection, its user may not know the job: a retry would not help.
        if raise_transient and not isinstance(error, (AccessDeniedError, InvalidRequestError)):
            raise
        log.error("Job %s could NOT be stopped and may still run: %s", job_id, error)
    else:
        log.info("Job %s is stopped.", job_id)
