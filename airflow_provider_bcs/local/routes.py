"""Table of operations, and their responses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from .request import Request

RequestT = TypeVar("RequestT", bound=Request)
ResponseT = TypeVar("ResponseT")


class Body(Enum):
    """Treatment of a request body that is not read before the verification of the request."""

    NONE = "ignored"
    MEMORY = "read into memory"
    FILE = "stored in a file"


@dataclass(frozen=True)
class Response:
    """Response of an operation with a JSON body; ``body`` None stands for an empty body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PendingResponse(Generic[ResponseT]):
    """Response that becomes available later, without blocking a thread.

    :ivar seconds: time limit
    :ivar otherwise: response after the time limit
    """

    response: Future[ResponseT]
    seconds: float
    otherwise: ResponseT


@dataclass(frozen=True)
class Route(Generic[RequestT, ResponseT]):
    """Row of the table of operations.

    :ivar operation: ``{service}.{Operation}``, such as ``batchcompute.CreateJob``
    :ivar path: template such as ``/jobs/{JobId}``
    :ivar query_key: query parameter that selects the operation among those with the same method and path
    :ivar header: request header that selects the operation in the same way
    :ivar body: treatment of the body by :meth:`.Gateway.receive_body`
    """

    operation: str
    method: str
    path: str
    handler: Callable[[RequestT], ResponseT | PendingResponse[ResponseT]]
    query_key: str = ""
    header: str = ""
    body: Body = Body.NONE

    def match(self, segments: Sequence[str]) -> dict[str, str] | None:
        """Return the values of the template's names, or None when the segments do not match the template."""
        template = self.path.split("/")
        if len(template) != len(segments):
            return None
        names = {}
        for expected, segment in zip(template, segments, strict=True):
            if expected.startswith("{") and segment:
                names[expected[1:-1]] = segment
            elif expected != segment:
                return None
        return names


class NoRouteError(Exception):
    """Request whose method and path match no operation.

    :ivar is_known_path: an operation has this path, with another method
    """

    def __init__(self, *, is_known_path: bool) -> None:
        super().__init__()
        self.is_known_path = is_known_path


def most_specific_first(routes: Sequence[Route[RequestT, ResponseT]]) -> list[Route[RequestT, ResponseT]]:
    """Return routes in the order for :func:`find_route`: those with ``query_key`` or ``header`` precede others."""
    return sorted(routes, key=lambda route: (not route.query_key, not route.header))


def find_route(
    routes: Sequence[Route[RequestT, ResponseT]],
    method: str,
    segments: Sequence[str],
    query_keys: Collection[str],
    headers: Collection[str],
) -> tuple[Route[RequestT, ResponseT], dict[str, str]]:
    """Return the first matching route and the names in the path.

    :param segments: path, split at ``/``
    :raises NoRouteError: when no route matches
    """
    known = False
    for route in routes:
        names = route.match(segments)
        if names is None:
            continue
        known = True
        if (
            route.method == method
            and (not route.query_key or route.query_key in query_keys)
            and (not route.header or route.header in headers)
        ):
            return route, names
    raise NoRouteError(is_known_path=known)
