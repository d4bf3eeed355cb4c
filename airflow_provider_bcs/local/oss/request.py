"""Request to the object store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from airflow_provider_bcs.local.request import Request

from . import errors

if TYPE_CHECKING:
    from .received import Received


@dataclass
class ObjectRequest(Request):
    """Request to the object store; ``names`` has Bucket and Key, which may be empty.

    :ivar received: body of an operation that stores it in a file
    :ivar path: path as received, percent-encoded
    """

    received: Received | None = field(default=None, compare=False, kw_only=True)
    path: str = field(default="", compare=False, kw_only=True)

    @property
    def bucket(self) -> str:
        return self.names["Bucket"]

    @property
    def key(self) -> str:
        return self.names["Key"]

    def number(self, name: str, default: int | None, low: int, high: int) -> int:
        """Return a query parameter as an integer.

        :param default: value when the parameter is missing; None: it is required
        :raises ErrorResponse: InvalidArgument, unless it is an integer from ``low`` to ``high``
        """
        text = self.query.get(name, "" if default is None else str(default))
        if not (text.isascii() and text.isdigit() and len(text) < 12 and low <= int(text) <= high):
            raise errors.invalid_argument(name, text, f"an integer from {low} to {high}")
        return int(text)


def read_request(
    method: str, path: str, query: str, headers: Mapping[str, str], host_bucket: str = ""
) -> ObjectRequest:
    """Return the request without its body.

    :param path: path as received, percent-encoded
    :param host_bucket: bucket in the host name; without one, it is the first segment of the path
    :raises ErrorResponse: InvalidURI or InvalidObjectName, unless it is a path in UTF-8
    """
    if not path.startswith("/"):
        raise errors.invalid_uri(path)
    bucket, key = (host_bucket, _decoded(path[1:])) if host_bucket else read_path(path)
    # Clients encode a space as "+" too, and a plus sign as "%2B" only.
    pairs = (pair.partition("=") for pair in query.replace("+", " ").split("&") if pair)
    parameters = [(_decoded(name), _decoded(value)) for name, _, value in pairs]
    return ObjectRequest(method, {"Bucket": bucket, "Key": key}, parameters, headers, path=path)


def read_path(path: str) -> tuple[str, str]:
    """Return the bucket and key of a percent-encoded path ``/bucket/key``.

    :param path: path or header, decoded as Latin-1: clients may leave UTF-8 bytes as they are

    :raises ErrorResponse: InvalidObjectName, unless the decoded path is UTF-8
    """
    bucket, _, key = path.removeprefix("/").partition("/")
    return _decoded(bucket), _decoded(key)


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text.encode("latin-1")).decode()
    except UnicodeDecodeError:
        raise errors.invalid_object_name(f"Found {text[:100]!r}; expected percent-encoded UTF-8.") from None
