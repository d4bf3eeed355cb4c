"""Ask for a state again and again, without taking one failed answer for a failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from .errors import MissingCredentialsError, NoAnswerError, ServerError, ThrottledError

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


class Poll(Generic[S]):
    """One poll a call; writes a log line when the progress has changed.

    :param read: asks the service; None when it has no answer yet
    :param what: what is waited for, for the log
    :ivar known_end: the end, when it is known but there is something left to do
    """

    known_end: S | None = None

    def __init__(self, read: Callable[[], S | None], what: object, log: Log) -> None:
        self._read = read
        self._what = what
        self._log = log
        self._failed = 0
        self._progress = ""

    def pause(self, interval: float) -> float:
        """Return the seconds to the next poll.

        :param interval: the seconds that the author asked for
        """
        return interval

    def __call__(self) -> S | None:
        """Return the state, or None when there was no usable answer this time.

        :raises OpenApiError: for an answer that will not get better, or after 20 polls in a row without one
        """
        status = self._ask()
        if status is not None:
            self._announce(status)
        return status

    def _ask(self) -> S | None:
        try:
            status = self._read()
        except (NoAnswerError, ServerError, ThrottledError, MissingCredentialsError) as error:
            self._failed += 1
            if self._failed >= MAX_FAILED_POLLS:
                raise
            self._log.warning("No state of %s (%d in a row): %s", self._what, self._failed, error)
            return None
        self._failed = 0
        return status

    def _announce(self, status: S) -> None:
        if status.progress != self._progress:
            self._progress = status.progress
            self._log.info("%s: %s", self._what, status.progress)


def wait_for_end(poll: Poll[S], interval: float) -> str:
    """Poll until there is an end; return what came of it.

    :param interval: seconds between two polls
    """
    while (status := poll()) is None or not status.is_terminal:
        time.sleep(poll.pause(interval))
    return status.outcome or ""
