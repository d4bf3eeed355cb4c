"""Interface between the HTTP layer and one API: authentication, routing, and the format of responses."""

from __future__ import annotations

import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response as HttpResponse

from .error_response import ErrorResponse
from .routes import Request, Response, Route


@dataclass(frozen=True)
class Refusals:
    """Errors of an API for requests that reach no operation.

    :ivar throttled: makes the throttling error from the seconds to wait
    :ivar body_too_large: makes the error from the maximum size of a request body in bytes
    """

    throttled: Callable[[float], ErrorResponse]
    body_too_large: Callable[[int], ErrorResponse]


class Gateway(ABC):
    """API behind the port.

    :ivar routes: table of the operations
    :ivar max_body: maximum size of a request body in bytes
    :ivar refusals: errors for requests that reach no operation
    """

    routes: Sequence[Route]
    max_body: int
    refusals: Refusals

    @abstractmethod
    def receive(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[Route, Request]:
        """Verify a request and find its operation.

        :param target: path and query as received
        :param headers: header values by name in lower case; repeated headers are joined with a comma
        :raises ErrorResponse: when the signature is not valid, or no operation matches
        """

    @abstractmethod
    def render(self, response: Response) -> HttpResponse: ...

    @abstractmethod
    def render_error(self, error: ErrorResponse, host: str) -> HttpResponse:
        """Return an error as an HTTP response.

        :param host: Host header of the request
        """


def request_id() -> str:
    """Return a new RequestId."""
    return str(uuid.uuid4()).upper()


def json_response(status: int, body: Any, headers: Mapping[str, str]) -> HttpResponse:
    """Return a JSON response; ``body`` None stands for an empty body."""
    content = b"" if body is None else json.dumps(body).encode()
    response = HttpResponse(content, status, media_type="application/json")
    response.headers.update(headers)
    return response
