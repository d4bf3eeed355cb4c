"""Retry policy of Airflow 3.3 and later: try again when the platform is at fault, fail at once when the program is.

An earlier Airflow has no retry policies, and the import of this module fails there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import RetryDecision, RetryPolicy

from airflow_provider_bcs.exceptions import (
    MachineLostError,
    NoAnswerError,
    ProgramFailedError,
    ServerError,
    ThrottledError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow.sdk import Context

__all__ = ["RemoteJobRetryPolicy"]

_PLATFORM = (MachineLostError, NoAnswerError, ServerError, ThrottledError, UnreachableError)


class RemoteJobRetryPolicy(RetryPolicy):
    """Retry a task with back-off when a machine is lost or the service fails; fail it when its program does. ::

        BatchComputeSubmitJobOperator(
            task_id="count", job="count.json", retries=5, retry_policy=RemoteJobRetryPolicy(retry_exit_codes=[75])
        )

    Any other failure is left to Airflow, which retries it ``retries`` times.

    :param retry_exit_codes: exit codes after which another try may succeed, such as 75; Airflow retries these too
    :param first_delay: time before the second try; it doubles with each try
    :param max_delay: longest time between two tries
    """

    def __init__(
        self,
        retry_exit_codes: Collection[int] = (),
        first_delay: timedelta = timedelta(seconds=30),
        max_delay: timedelta = timedelta(minutes=30),
    ) -> None:
        self.retry_exit_codes = list(retry_exit_codes)
        self.first_delay = first_delay
        self.max_delay = max_delay

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Return what follows from a failure."""
        kind = type(exception).__name__
        if isinstance(exception, _PLATFORM):
            # Without the limit of the exponent a timedelta overflows after 60 tries.
            delay = min(self.first_delay * 2 ** min(try_number - 1, 20), self.max_delay)
            return RetryDecision.retry(delay, f"{kind}: the program is not at fault.")
        if isinstance(exception, ProgramFailedError) and not exception.is_exit(self.retry_exit_codes):
            return RetryDecision.fail(f"{kind}: another try would end the same way.")
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Return the arguments as plain values."""
        return {
            "retry_exit_codes": self.retry_exit_codes,
            "first_delay": self.first_delay.total_seconds(),
            "max_delay": self.max_delay.total_seconds(),
        }

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> RemoteJobRetryPolicy:
        """Return the policy of :meth:`serialize`."""
        delays = {name: timedelta(seconds=data[name]) for name in ("first_delay", "max_delay")}
        return cls(data["retry_exit_codes"], **delays)
