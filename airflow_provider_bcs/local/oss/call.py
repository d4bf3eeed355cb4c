"""A request to the object store: what it is about, and what came with it."""

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
class Call:
    """One request.

    :ivar bucket: empty when the request is about no bucket
    :ivar key: empty when it is about no object
    :ivar parameters: decoded query parameters, in their order
    :ivar headers: names in lower case, repeated ones joined
    :ivar body: a small body that was read as a whole
    :ivar received: a large one that was received as a file
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
        """Return a whole number of the query.

        :raises ApiError: when it is none, or not from ``low`` to ``high``
        """
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) < 12 and low <= int(text) <= high):
            raise errors.invalid_argument(name, text, f"a whole number from {low} to {high}")
        return int(text)


def read_call(method: str, path: str, query: str, headers: Mapping[str, str]) -> Call:
    """Read the first part of a request.

    The bucket is the first segment of the path, or the first label of a host name such as ``bucket.127.0.0.1``.

    :param path: as received, percent-encoded
    :raises ApiError: when it is no path, or not UTF-8
    """
    if not path.startswith("/"):
        raise errors.invalid_uri(path)
    bucket, _, parent = host_name(headers).partition(".")
    bucket, key = (bucket, _decoded(path[1:])) if is_loopback(parent) else read_path(path)
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    parameters = [(_decoded(name), _decoded(value)) for name, _, value in pairs]
    return Call(method, bucket, key, parameters, headers)


def read_path(path: str) -> tuple[str, str]:
    """Return bucket and key of a path ``/bucket/key``, percent-encoded.

    :raises ApiError: when it is not UTF-8
    """
    bucket, _, key = path.removeprefix("/").partition("/")
    return _decoded(bucket), _decoded(key)


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise errors.invalid_object_name(f"{text[:100]!r} is not percent-encoded UTF-8.") from None
