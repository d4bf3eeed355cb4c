"""Ask for a state again and again, without taking one failed answer for a failure."""

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

#: So many polls in a row may fail, each one with the client's own retries, before waiting is given up.
MAX_FAILED_POLLS = 20


class Status(Protocol):
    """What a service answers when it is asked how far something is."""

    @property
    def is_terminal(self) -> bool:
        """Whether waiting is over."""

    @property
    def outcome(self) -> str | None:
        """What came of it, None before that."""

    @property
    def progress(self) -> str:
        """One line on how far it is; equal lines mean that nothing happened in between."""


S = TypeVar("S", bound=Status)


class Log(Protocol):
    """A logger: the standard library's, or Airflow's."""

    def info(self, message: str, /, *args: Any) -> Any: ...

    def warning(self, message: str, /, *args: Any) -> Any: ...

    def error(self, message: str, /, *args: Any) -> Any: ...


class Answers(Generic[S]):
    """What has been answered so far to one who waits; writes a log line when the progress has changed.

    :param what: what is waited for, for the log
    :ivar error: the last answer, when it was of no use
    """

    #: So many times in a row there may be no such thing: what was created just now is not seen everywhere at once.
    max_missing = 3

    def __init__(self, what: object, log: Log) -> None:
        self._what = what
        self._log = log
        self.error: Exception | None = None
        self._failed = 0
        self._missing = 0
        self._progress = ""

    def take(self, answer: S | Exception | None) -> S | None:
        """Return the state, or None when that was no usable answer.

        :raises ApiError: for an answer that will not get better, or after 20 in a row that were of no use
        """
        status = self._usable(answer)
        if status is not None:
            self._announce(status)
        return status

    def _usable(self, answer: S | Exception | None) -> S | None:
        if isinstance(answer, Exception):
            self.error = answer
            self._excuse(answer)
            return None
        if answer is not None:
            self.error = None
            self._failed = self._missing = 0
        return answer

    def _excuse(self, error: Exception) -> None:
        if isinstance(error, NotFoundError):
            self._missing += 1
            if self._missing >= self.max_missing:
                raise WaitAbortedError(f"{self._what} does not exist, or no longer: {error}") from error
        elif isinstance(error, (MissingConnectionError, RefusedKeysError)):
            # Whoever replaces keys may be a little late.
            self._missing += 1
            if self._missing >= self.max_missing:
                raise error
        elif not isinstance(error, (NoAnswerError, ServerError, ThrottledError, MissingCredentialsError)):
            raise error
        self._failed += 1
        if self._failed >= MAX_FAILED_POLLS:
            raise error
        self._log.warning("No state of %s (%d in a row): %s", self._what, self._failed, error)

    def _announce(self, status: S) -> None:
        progress = sys.intern(status.progress)
        if progress != self._progress:
            self._progress = progress
            self._log.info("%s: %s", self._what, progress)


class Poll(Answers[S]):
    """One poll a call.

    :param read: asks the service; None when it has no answer yet
    :param what: what is waited for, for the log
    :ivar known_end: the end, when it is known but there is something left to do
    """

    known_end: S | None = None

    def __init__(self, read: Callable[[], S | None], what: object, log: Log) -> None:
        super().__init__(what, log)
        self._read = read

    def pause(self, interval: float) -> float:
        """Return the seconds to the next poll.

        :param interval: the seconds that the author asked for
        """
        return interval

    def __call__(self) -> S | None:
        """Ask; return what :meth:`take` makes of the answer.

        :raises ApiError: for an answer that will not get better, or after 20 polls in a row without one
        """
        status = self.look()
        if status is not None:
            self._announce(status)
        return status

    def look(self) -> S | None:
        """Do the same, but say nothing of the progress."""
        try:
            answer: S | ApiError | None = self._read()
        except ApiError as error:
            answer = error
        return self._usable(answer)


def wait_for_end(poll: Poll[S], interval: float) -> str:
    """Poll until there is an end; return what came of it.

    :param interval: seconds between two polls
    """
    while (status := poll()) is None or not status.is_terminal:
        time.sleep(poll.pause(interval))
    return status.outcome or ""
