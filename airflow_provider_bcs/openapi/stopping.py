"""Stop a job that nobody waits for any more."""

from __future__ import annotations

from typing import Any, Protocol

from .errors import NotFoundError, OpenApiError, StateConflictError
from .polling import Log


class JobClient(Protocol):
    """A client of either service."""

    def stop_job(self, job: Any, /) -> None: ...


def stop(client: JobClient, job_id: str, log: Log) -> None:
    """Stop a job; that it has ended is no error, and that it could not be stopped is said in the log."""
    try:
        client.stop_job(job_id)
    except (StateConflictError, NotFoundError) as error:
        log.info("Job %s is not running any more: %s", job_id, error)
    except OpenApiError as error:
        log.error("Job %s could NOT be stopped and may still run: %s", job_id, error)
    else:
        log.info("Job %s is stopped.", job_id)
