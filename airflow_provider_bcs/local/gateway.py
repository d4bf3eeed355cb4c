"""Interface between the HTTP layer and one API: authentication, routing, and the format of responses."""

from __future__ import annotations

import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic
from urllib.parse import unquote

from starlette.responses import Response as HttpResponse

from .error_response import ErrorResponse
from .request import Request, joined_headers, raw_target, read_body
from .routes import RequestT, Response, ResponseT, Route, find_route, most_specific_first

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

#: Route of an API with JSON bodies.
JsonRoute = Route[Request, Response]


@dataclass(frozen=True)
class Refusals:
    """Errors of an API for requests that reach no operation.

    :ivar throttled: makes the throttling error from the seconds to wait
    :ivar body_too_large: makes the error from the maximum size of a request body in bytes
    """

    throttled: Callable[[float], ErrorResponse]
    body_too_large: Callable[[int], ErrorResponse]


class Gateway(ABC, Generic[RequestT, ResponseT]):
    """API behind a port.

    :ivar routes: table of the operations
    :ivar refusals: errors for requests that reach no operation
    """

    refusals: Refusals

    def __init__(self, routes: Sequence[Route[RequestT, ResponseT]]) -> None:
        self.routes = most_specific_first(routes)

    @abstractmethod
    async def receive(self, http: HttpRequest) -> tuple[Route[RequestT, ResponseT], RequestT]:
        """Verify a request and find its operation.

        :raises ErrorResponse: when the signature is not valid, or no operation matches
        """

    async def receive_body(
        self, route: Route[RequestT, ResponseT], request: RequestT, http: HttpRequest, stack: ExitStack
    ) -> None:
        """Read a body that :meth:`receive` has not read.

        :param stack: closed after the operation
        """

    @abstractmethod
    def render(self, response: ResponseT) -> HttpResponse:
        """Return the response of an operation as an HTTP response."""

    @abstractmethod
    def render_error(self, error: ErrorResponse, http: HttpRequest) -> HttpResponse:
        """Return an error as an HTTP response."""

    def finish(self, response: HttpResponse) -> None:
        """Add the headers that every HTTP response of the API has."""


class JsonGateway(Gateway[Request, Response]):
    """API with JSON bodies, whose signatures may cover the body.

    :ivar max_body: maximum size of a request body in bytes
    """

    max_body: int

    async def receive(self, http: HttpRequest) -> tuple[JsonRoute, Request]:
        body = await read_body(http, self.max_body, self.refusals.body_too_large)
        path, query = raw_target(http)
        return self.find(http.method, path, query, joined_headers(http), body)

    @abstractmethod
    def find(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[JsonRoute, Request]:
        """Verify a request and find its operation.

        :param path: path as received
        :param query: query string as received
        :raises ErrorResponse: when the signature is not valid, or no operation matches
        """

    def route(
        self, method: str, path: str, parameters: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> tuple[JsonRoute, Request]:
        """Return the route of a verified request.

        :raises NoRouteError: when no route matches
        """
        route, names = find_route(self.routes, method, path.split("/"), parameters, headers)
        decoded = {name: unquote(value) for name, value in names.items()}
        return route, Request(method, decoded, list(parameters.items()), headers, body=body)


def request_id() -> str:
    """Return a new RequestId."""
    return str(uuid.uuid4()).upper()


def json_response(status: int, body: Any, headers: Mapping[str, str]) -> HttpResponse:
    """Return a JSON response; ``body`` None stands for an empty body."""
    content = b"" if body is None else json.dumps(body).encode()
    response = HttpResponse(content, status, media_type="application/json")
    response.headers.update(headers)
    return response
