"""Requests to operations, and the parts of an HTTP request that they are made from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest
    from starlette.types import Scope

    from .error_response import ErrorResponse

_ABSOLUTE = re.compile(rb"(?i:https?)://([^/]*)(/.*)?")


@dataclass
class Request:
    """Request to an operation.

    :ivar names: values of the names in the path template of the operation
    :ivar parameters: decoded query parameters, in the order of the query string
    :ivar headers: header values by name in lower case; repeated headers are joined with a comma
    :ivar body: body, unless the operation ignores it or stores it in a file
    """

    method: str
    names: Mapping[str, str]
    parameters: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes = field(default=b"", kw_only=True)

    @cached_property
    def query(self) -> Mapping[str, str]:
        """Query parameters by name; a parameter without ``=`` has an empty value."""
        return dict(self.parameters)


def joined_headers(http: HttpRequest) -> dict[str, str]:
    """Return the header values by name in lower case; repeated headers are joined with a comma."""
    found: dict[str, str] = {}
    for name, value in http.headers.items():
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def in_origin_form(scope: Scope) -> Scope:
    """Return the scope of a request whose target has the origin form.

    A client that uses the service as its proxy sends an absolute target, such as ``GET http://host/jobs``. Its host
    replaces the Host header (RFC 9112, 3.2.2).
    """
    match = _ABSOLUTE.fullmatch(scope["raw_path"])
    if match is None:
        return scope
    path = match[2] or b"/"
    headers = [(b"host", match[1]), *(header for header in scope["headers"] if header[0] != b"host")]
    return {**scope, "raw_path": path, "path": unquote(path.decode("latin-1")), "headers": headers}


def raw_target(http: HttpRequest) -> tuple[str, str]:
    """Return the path and the query string as received."""
    path: bytes = http.scope["raw_path"]
    query: bytes = http.scope["query_string"]
    return path.decode("latin-1"), query.decode("latin-1")


async def read_body(http: HttpRequest, limit: int, too_large: Callable[[int], ErrorResponse]) -> bytes:
    """Return the body of a request.

    :param limit: maximum size in bytes
    :param too_large: makes the error for a larger body from the limit
    """
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > limit:
            error = too_large(limit)
            error.headers["Connection"] = "close"
            raise error
    return bytes(body)


def host_name(headers: Mapping[str, str]) -> str:
    """Return the host name in the Host header, or an empty text when it has none."""
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""
