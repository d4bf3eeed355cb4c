"""Polling of a state until it is terminal, with tolerance for polls that fail."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from airflow_provider_bcs.exceptions import (
    ApiError,
    MissingConnectionError,
    MissingCredentialsError,
    NoAnswerError,
    NotFoundError,
    RefusedKeysError,
    ServerError,
    ThrottledError,
    WaitAbortedError,
)

__all__ = ["MAX_FAILED_POLLS", "Log", "NotBegunError", "Poll", "PollResults", "Status", "queue_limit", "wait_for_end"]

#: Number of failed polls in a row that ends the wait. Each poll has the client's own retries.
MAX_FAILED_POLLS = 20


class Status(Protocol):
    """State of a polled target."""

    @property
    def is_terminal(self) -> bool:
        """True once the state is terminal."""

    @property
    def outcome(self) -> str | None:
        """Terminal state, e.g. ``Finished``; None before that."""

    @property
    def has_begun(self) -> bool:
        """True once the job has begun to run."""

    @property
    def is_unsuccessful(self) -> bool:
        """True once the target has failed or was stopped."""

    @property
    def progress(self) -> str:
        """Progress in one line; the line changes when the progress does."""


S = TypeVar("S", bound=Status)


class NotBegunError(Exception):
    """The job has not begun to run by the end of its time in the queue. The waiter makes the job's own error of it."""


class Log(Protocol):
    """Logger of the standard library or of Airflow."""

    def info(self, message: str, /, *args: Any) -> Any: ...

    def warning(self, message: str, /, *args: Any) -> Any: ...

    def error(self, message: str, /, *args: Any) -> Any: ...


class PollResults(Generic[S]):
    """Poll results delivered to one waiter. It logs each change of progress and counts failed polls.

    :param target: what is polled, for warnings and errors
    :param log: receives a line per change, which is an error when the target has failed, and a warning per failed poll
    :ivar error: error of the last poll; None when that poll succeeded
    """

    #: Number of NotFoundErrors in a row that ends the wait. A new job is not visible in all of the service at once.
    max_missing = 3

    def __init__(self, target: object, log: Log) -> None:
        self._target = target
        self._log = log
        self.error: Exception | None = None
        self._failed = 0
        self._missing = 0
        self._progress = ""

    def accept(self, result: S | Exception | None) -> S | None:
        """Take the result of one poll; log the progress when it has changed.

        :param result: state or error; None for a poll without a result
        :return: the state; None for a tolerated error or no result
        :raises ApiError: when the error is permanent, or is the 20th in a row
        :raises WaitAbortedError: when the target was missing ``max_missing`` times in a row
        """
        status = self._check(result)
        if status is not None:
            self._log_progress(status)
        return status

    def _check(self, result: S | Exception | None) -> S | None:
        if isinstance(result, Exception):
            self.error = result
            self._tolerate(result)
            return None
        if result is not None:
            self.error = None
            self._failed = self._missing = 0
        return result

    def _tolerate(self, error: Exception) -> None:
        if isinstance(error, NotFoundError):
            self._missing += 1
            if self._missing >= self.max_missing:
                raise WaitAbortedError(f"{self._target} does not exist, or was deleted: {error}") from error
        elif isinstance(error, (MissingConnectionError, RefusedKeysError)):
            # Keys are rotated in two steps, so a poll in between fails.
            self._missing += 1
            if self._missing >= self.max_missing:
                raise error
        elif not isinstance(error, (NoAnswerError, ServerError, ThrottledError, MissingCredentialsError)):
            raise error
        self._failed += 1
        if self._failed >= MAX_FAILED_POLLS:
            raise error
        self._log.warning("Poll of %s failed (%d in a row): %s", self._target, self._failed, error)

    def _log_progress(self, status: S) -> None:
        progress = sys.intern(status.progress)
        if progress != self._progress:
            self._progress = progress
            # The waiter's first line names the target; 40 characters of its id in each line hide what has changed.
            (self._log.error if status.is_unsuccessful else self._log.info)("%s", progress)


class Poll(PollResults[S]):
    """Callable that polls once per call.

    :param read: reads the state from the service; returns None when there is no result yet
    :param target: what is polled, for warnings and errors
    :param log: receives a line per change, and a warning per failed poll
    :ivar final_status: terminal state, when it is known before the poll returns it
    """

    final_status: S | None = None

    def __init__(self, read: Callable[[], S | None], target: object, log: Log) -> None:
        super().__init__(target, log)
        self._read = read

    def pause(self, interval: float) -> float:
        """Return the seconds until the next poll.

        :param interval: configured seconds between two polls
        """
        return interval

    def __call__(self) -> S | None:
        """Poll once; return and raise as :meth:`accept` does."""
        status = self.fetch()
        if status is not None:
            self._log_progress(status)
        return status

    def fetch(self) -> S | None:
        """Poll once as a call does, but without a log line of the progress."""
        try:
            result: S | ApiError | None = self._read()
        except ApiError as error:
            result = error
        return self._check(result)


def wait_for_end(
    poll: Poll[S], interval: float, deadline: float | None = None, queue_deadline: float | None = None
) -> str | None:
    """Poll until the state is terminal; return the outcome, None when the deadline passed first.

    :param poll: the poll
    :param interval: seconds between two polls
    :param deadline: POSIX time in seconds; None: no deadline
    :param queue_deadline: POSIX time by which the job has to run; None: it may wait for ever
    :raises NotBegunError: when ``queue_deadline`` passed first
    :raises ApiError: as :meth:`PollResults.accept` does
    """
    while (status := poll()) is None or not status.is_terminal:
        if deadline is not None and time.time() >= deadline:
            return None
        if status is not None and queue_deadline is not None:
            queue_deadline = queue_limit(status, queue_deadline)
        time.sleep(poll.pause(interval))
    return status.outcome


def queue_limit(status: Status, queue_deadline: float) -> float | None:
    """Return the time by which a job has to run: None once it has begun.

    :raises NotBegunError: when that time has passed and the job still waits
    """
    if status.has_begun or status.is_terminal:
        return None
    if time.time() >= queue_deadline:
        raise NotBegunError
    return queue_deadline
