"""Request to the object store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from airflow_provider_bcs.http.loopback import is_loopback
from airflow_provider_bcs.local.request import host_name

from . import errors

if TYPE_CHECKING:
    from .received import Received


@dataclass
class ObjectRequest:
    """Request to the object store.

    :ivar bucket: empty when the request names no bucket
    :ivar key: empty when the request names no object
    :ivar parameters: decoded query parameters, in the order of the query string
    :ivar headers: header values by name in lower case; repeated headers are joined with a comma
    :ivar body: body of an operation that reads it into memory
    :ivar received: body of an operation that stores it in a file
    """

    method: str
    bucket: str
    key: str
    parameters: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes = b""
    received: Received | None = field(default=None, compare=False)

    @cached_property
    def query(self) -> Mapping[str, str]:
        return dict(self.parameters)

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """Return a query parameter as an integer.

        :raises ErrorResponse: InvalidArgument, unless it is an integer from ``low`` to ``high``
        """
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) < 12 and low <= int(text) <= high):
            raise errors.invalid_argument(name, text, f"an integer from {low} to {high}")
        return int(text)


def read_request(method: str, path: str, query: str, headers: Mapping[str, str]) -> ObjectRequest:
    """Return the request without its body.

    The bucket is the first label of a host name such as ``bucket.127.0.0.1``, else the first segment of the path.

    :param path: path as received, percent-encoded
    :raises ErrorResponse: InvalidURI or InvalidObjectName, unless it is a path in UTF-8
    """
    if not path.startswith("/"):
        raise errors.invalid_uri(path)
    bucket, _, parent = host_name(headers).partition(".")
    bucket, key = (bucket, _decoded(path[1:])) if is_loopback(parent) else read_path(path)
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    parameters = [(_decoded(name), _decoded(value)) for name, _, value in pairs]
    return ObjectRequest(method, bucket, key, parameters, headers)


def read_path(path: str) -> tuple[str, str]:
    """Return the bucket and key of a percent-encoded path ``/bucket/key``.

    :raises ErrorResponse: InvalidObjectName, unless the decoded path is UTF-8
    """
    bucket, _, key = path.removeprefix("/").partition("/")
    return _decoded(bucket), _decoded(key)


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise errors.invalid_object_name(f"Found {text[:100]!r}; expected percent-encoded UTF-8.") from None
