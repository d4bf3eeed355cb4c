"""Which operation a method and path name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Call:
    """One request to an operation.

    :ivar names: what stands for the names in the path template
    :ivar query: decoded query parameters; a bare key has an empty value
    """

    names: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What an operation answers; ``body`` None is an empty body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LateAnswer:
    """An answer that is still to come; no thread waits for it.

    :ivar otherwise: what is answered when it has not come after so many ``seconds``
    """

    answer: Future[Answer]
    seconds: float
    otherwise: Answer


@dataclass(frozen=True)
class Route:
    """A row of the table of operations.

    :ivar operation: ``{service}.{Operation}``
    :ivar path: template such as ``/jobs/{JobId}``
    :ivar query_key: the query parameter that tells it from another operation with the same method and path
    """

    operation: str
    method: str
    path: str
    handler: Callable[[Call], Answer | LateAnswer]
    query_key: str = ""

    def match(self, path: str) -> dict[str, str] | None:
        """Return the names in ``path`` when it has this route's form."""
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
    """No operation has this method and path.

    :ivar is_known_path: whether one has the path, with another method
    """

    def __init__(self, *, is_known_path: bool) -> None:
        super().__init__()
        self.is_known_path = is_known_path


def find_route(
    routes: Sequence[Route], method: str, path: str, query: Mapping[str, str]
) -> tuple[Route, dict[str, str]]:
    """Return the route of a request and the names in its path; rows with a ``query_key`` have to come first.

    :raises NoRouteError: when there is none
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
    """Decode a query string; ``+`` is a plus, as in what the service's clients sign."""
    pairs = (pair.partition("=") for pair in text.split("&") if pair)
    return {unquote(name): unquote(value) for name, _, value in pairs}
