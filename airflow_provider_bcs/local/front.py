"""Interface between the HTTP layer and one API: authentication, routing, and the format of responses."""

from __future__ import annotations

import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from .api_error import ApiError
from .routes import Answer, Call, Route


@dataclass(frozen=True)
class Refusals:
    """Errors of an API for requests that reach no operation.

    :ivar throttled: makes the throttling error from the seconds to wait
    :ivar body_too_large: makes the error from the maximum size of a request body in bytes
    """

    throttled: Callable[[float], ApiError]
    body_too_large: Callable[[int], ApiError]


class Front(ABC):
    """API behind the port.

    :ivar routes: table of the operations
    :ivar max_body: maximum size of a request body in bytes
    :ivar refusals: errors for requests that reach no operation
    """

    routes: Sequence[Route]
    max_body: int
    refusals: Refusals

    @abstractmethod
    def receive(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[Route, Call]:
        """Verify a request and find its operation.

        :param target: path and query as received
        :param headers: header values by name in lower case; repeated headers are joined with a comma
        :raises ApiError: when the signature is not valid, or no operation matches
        """

    @abstractmethod
    def answer(self, answer: Answer) -> Response: ...

    @abstractmethod
    def error(self, error: ApiError, host: str) -> Response:
        """Return an error as an HTTP response.

        :param host: Host header of the request
        """


def request_id() -> str:
    """Return a new RequestId."""
    return str(uuid.uuid4()).upper()


def json_response(status: int, body: Any, headers: Mapping[str, str]) -> Response:
    """Return a JSON response; ``body`` None stands for an empty body."""
    content = b"" if body is None else json.dumps(body).encode()
    response = Response(content, status, media_type="application/json")
    response.headers.update(headers)
    return response
