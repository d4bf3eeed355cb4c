"""Mask secrets in what a job's programs have printed, before it reaches a log or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import redact

from airflow_provider_bcs.exceptions import JobFailedError

if TYPE_CHECKING:
    from airflow_provider_bcs.waiting.polling import Log

__all__ = ["MaskedLog", "masked"]


class MaskedLog:
    """Logger that writes ``***`` for the secrets that Airflow knows.

    Airflow masks a task's log. It masks neither the copy that a worker of Airflow 3 prints nor the log of
    ``dag.test()``.

    :param log: logger that receives the masked lines
    """

    def __init__(self, log: Log) -> None:
        self._log = log

    def info(self, message: str, /, *args: Any) -> None:
        """Log at level INFO."""
        self._log.info(message, *map(redact, args))

    def warning(self, message: str, /, *args: Any) -> None:
        """Log at level WARNING."""
        self._log.warning(message, *map(redact, args))

    def error(self, message: str, /, *args: Any) -> None:
        """Log at level ERROR."""
        self._log.error(message, *map(redact, args))


def masked(error: JobFailedError) -> JobFailedError:
    """Return the error with ``***`` for the secrets in its reason."""
    parts = [part._replace(last_lines=tuple(str(redact(line)) for line in part.last_lines)) for part in error.parts]
    return type(error)(error.job_id, error.state, str(redact(error.reason)), parts)
