"""Observer of a client: it counts what the client and its callers do, for metrics."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["Observer", "Submission"]

#: How a submission ended: with a new job, with one of an earlier attempt, or refused by the service.
Submission: TypeAlias = Literal["new", "reattached", "refused"]


class Observer:
    """Observer that counts nothing; a subclass counts. Methods are called from several threads, and never block.

    >>> class Errors(Observer):
    ...     def failed(self, operation, code):
    ...         print(operation, code)
    >>> Errors().failed("GetJob", "Throttling.User")
    GetJob Throttling.User
    """

    def polled(self, operation: str) -> None:
        """Count one request for a state, such as ``GetJob``, or one page of ``ListJobs``."""

    def failed(self, operation: str, code: str) -> None:
        """Count one request that failed. A request that the client repeats is one each time.

        :param code: error code of the service; for other errors their kind, such as ``NoAnswer``
        """

    def submitted(self, outcome: Submission) -> None:
        """Count one submission of a job."""

    def logged(self, lines: int) -> None:
        """Count lines of a job's log that were read."""
