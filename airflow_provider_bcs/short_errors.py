"""Short errors: Airflow's traceback shows no inner frames of this package."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import wraps
from types import FrameType, TracebackType
from typing import Any, TypeVar, cast

from airflow_provider_bcs.exceptions import BcsError

__all__ = ["at_dag_line"]

F = TypeVar("F", bound=Callable[..., Any])


def at_dag_line(function: F) -> F:
    """Decorate a function that a DAG file calls, so that the traceback of its errors ends at the line of the DAG file.

    Airflow keeps the last frames of an import error, two by default. They would be frames of this package.
    """

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except BcsError as error:
            trace = None
            for frame in _frames_of_author(sys._getframe(1)):
                trace = TracebackType(trace, frame, frame.f_lasti, frame.f_lineno)
            raise error.with_traceback(trace) from None

    return cast("F", called)


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
