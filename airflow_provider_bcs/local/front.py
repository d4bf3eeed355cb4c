"""What the HTTP side needs to know of one of the two services: how it is asked, and the form of its answers."""

from __future__ import annotations

import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from .api_error import ApiError
from .routes import Answer, Call, Route


class Front(ABC):
    """One service behind the port.

    :ivar routes: its operations
    :ivar max_body: the largest request body it takes, in bytes
    """

    routes: Sequence[Route]
    max_body: int

    @abstractmethod
    def receive(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[Route, Call]:
        """Check a request, and find the operation that it names.

        :param target: path and query as received
        :param headers: names in lower case, repeated ones joined
        :raises ApiError: when it is not signed as it should be, or names no operation
        """

    @abstractmethod
    def answer(self, answer: Answer) -> Response: ...

    @abstractmethod
    def error(self, error: ApiError, host: str) -> Response:
        """:param host: the Host header of the request"""

    @abstractmethod
    def internal_error(self) -> ApiError: ...

    @abstractmethod
    def throttled(self, seconds: float) -> ApiError:
        """Return the error of a client that is to wait so long."""

    @abstractmethod
    def body_too_large(self) -> ApiError: ...


def request_id() -> str:
    """Return a new RequestId."""
    return str(uuid.uuid4()).upper()


def json_response(status: int, body: Any, headers: Mapping[str, str]) -> Response:
    """Return a JSON response; ``body`` None is an empty one."""
    content = b"" if body is None else json.dumps(body).encode()
    response = Response(content, status, media_type="application/json")
    response.headers.update(headers)
    return response
