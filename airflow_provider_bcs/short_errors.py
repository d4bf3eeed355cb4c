"""Short errors: what failed stands first, and Airflow's traceback shows no inner frames of this package."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import wraps
from types import FrameType, TracebackType
from typing import Any, TypeVar, cast

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_bcs.exceptions import BcsError
from airflow_provider_bcs.masked_log import MaskedLog
from airflow_provider_bcs.waiting.polling import Log

__all__ = ["at_dag_line", "log_failure", "short_failure"]

F = TypeVar("F", bound=Callable[..., Any])

_LOGGED = "_is_logged"


def short_failure(method: F) -> F:
    """Decorate a method that Airflow calls, such as ``execute``, so that its errors are short in the task's log.

    Airflow logs an error under the frames that it came through, and under the errors that caused it. The decorated
    method first logs the text of a :class:`BcsError`, and then raises it without the inner frames and the causes. The
    text names the cause. An error of another class keeps all its frames, because it points to a fault.
    """

    @wraps(method)
    def reported(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except AirflowSkipException:
            # Airflow logs the reason without a traceback.
            raise
        except BcsError as error:
            log_failure(self.log, error)
            raise error.with_traceback(None) from None

    return cast("F", reported)


def log_failure(log: Log, error: BcsError) -> None:
    """Log the text of an error line by line at level ERROR, unless that was done before."""
    if vars(error).get(_LOGGED):
        return
    setattr(error, _LOGGED, True)
    masked_log = MaskedLog(log)
    for line in str(error).splitlines():
        masked_log.error("%s", line)


def at_dag_line(function: F) -> F:
    """Decorate a function that a DAG file calls, so that the traceback of its errors ends at the line of the DAG file.

    Airflow keeps the last frames of an import error, two by default. They would be frames of this package. An error of
    another class than :class:`BcsError` keeps them too, before the line of the DAG file: it may point to a fault.
    """

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (BcsError, TypeError, ValueError) as error:
            trace = None
            for frame in _frames_of_author(sys._getframe(1)):
                trace = TracebackType(trace, frame, frame.f_lasti, frame.f_lineno)
            if isinstance(error, BcsError):
                raise error.with_traceback(trace) from None
            raise error.with_traceback(_before(error.__traceback__, trace)) from error.__cause__

    return cast("F", called)


def _before(inner: TracebackType | None, trace: TracebackType | None) -> TracebackType | None:
    """Return the inner frames, without the first one, which the next raise adds again, and then those of ``trace``."""
    first = last = inner.tb_next if inner else None
    if last is None:
        return trace
    while last.tb_next is not None:
        last = last.tb_next
    last.tb_next = trace
    return first


def _frames_of_author(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames of a DAG file from the inner to the outer ones, and the frame that imports it."""
    while frame is not None and _room(frame) in ("airflow", "airflow_provider_bcs"):
        frame = frame.f_back
    while frame is not None and _room(frame) not in sys.stdlib_module_names:
        yield frame
        if frame.f_code.co_name == "<module>":
            if frame.f_back is not None:
                yield frame.f_back
            return
        frame = frame.f_back


def _room(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]
