"""Requests, responses, and the table of operations by method and path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Request:
    """Request to an operation.

    :ivar names: values of the names in the path template
    :ivar query: decoded query parameters; a parameter without ``=`` has an empty value
    """

    names: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """Response of an operation; ``body`` None stands for an empty body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PendingResponse:
    """Response that becomes available later, without blocking a thread.

    :ivar seconds: time limit
    :ivar otherwise: response after the time limit
    """

    response: Future[Response]
    seconds: float
    otherwise: Response


@dataclass(frozen=True)
class Route:
    """Row of the table of operations.

    :ivar operation: ``{service}.{Operation}``, such as ``batchcompute.CreateJob``
    :ivar path: template such as ``/jobs/{JobId}``
    :ivar query_key: query parameter that distinguishes operations with the same method and path
    """

    operation: str
    method: str
    path: str
    handler: Callable[[Request], Response | PendingResponse]
    query_key: str = ""

    def match(self, path: str) -> dict[str, str] | None:
        """Return the values of the template's names, or None when ``path`` does not match the template."""
        template, parts = self.path.split("/"), path.split("/")
        if len(template) != len(parts):
            return None
        names = {}
        for expected, part in zip(template, parts, strict=True):
            if expected.startswith("{") and part:
                names[expected[1:-1]] = unquote(part)
            elif expected != part:
                return None
        return names


class NoRouteError(Exception):
    """Request whose method and path match no operation.

    :ivar is_known_path: an operation has this path, with another method
    """

    def __init__(self, *, is_known_path: bool) -> None:
        super().__init__()
        self.is_known_path = is_known_path


def find_route(
    routes: Sequence[Route], method: str, path: str, query: Mapping[str, str]
) -> tuple[Route, dict[str, str]]:
    """Return the first matching route and the names in the path.

    Routes with a ``query_key`` must precede routes without one.

    :raises NoRouteError: when no route matches
    """
    known = False
    for route in routes:
        names = route.match(path)
        if names is None:
            continue
        known = True
        if route.method == method and (not route.query_key or route.query_key in query):
            return route, names
    raise NoRouteError(is_known_path=known)


def parse_query(text: str) -> dict[str, str]:
    """Return the parameters of a query string; ``+`` stands for itself, as in the string that clients sign."""
    pairs = (pair.partition("=") for pair in text.split("&") if pair)
    return {unquote(name): unquote(value) for name, _, value in pairs}
