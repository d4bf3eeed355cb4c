"""A log for what programs have printed, which may be a secret of their job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import redact

if TYPE_CHECKING:
    from airflow_provider_bcs.waiting.polling import Log


class MaskedLog:
    """Writes ``***`` for what Airflow was told to mask.

    Airflow does so in a task's log, but Airflow 3 not in the copy that a worker prints, and ``dag.test()`` nowhere.

    :param log: where to write
    """

    def __init__(self, log: Log) -> None:
        self._log = log

    def info(self, message: str, /, *args: Any) -> None:
        """Write a line."""
        self._log.info(message, *map(redact, args))

    def warning(self, message: str, /, *args: Any) -> None:
        """Write a line, as a warning."""
        self._log.warning(message, *map(redact, args))

    def error(self, message: str, /, *args: Any) -> None:
        """Write a line, as an error."""
        self._log.error(message, *map(redact, args))
