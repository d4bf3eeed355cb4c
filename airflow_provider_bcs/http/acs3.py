"""ACS3-HMAC-SHA256 request signature of PAI-DLC.

Pure functions: no clock, no network. The client signs with them and the local service verifies with them.
Source: the "V3 request structure and signature" help page and the requests that the vendor's SDK sends.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

__all__ = [
    "ALGORITHM",
    "authorization",
    "body_digest",
    "canonical_query",
    "canonical_request",
    "encode_path",
    "encode_query",
    "sign",
    "signature",
    "signed_headers",
]

ALGORITHM = "ACS3-HMAC-SHA256"
#: Headers to sign when they are present, besides every ``x-acs-`` header.
_SIGNED = ("host", "content-type")


def encode_path(*segments: str) -> str:
    """Return the path of percent-encoded segments.

    >>> encode_path("api", "v1", "jobs", "dlc 1")
    '/api/v1/jobs/dlc%201'
    """
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)


def encode_query(params: Mapping[str, str]) -> str:
    """Encode query parameters, sorted by name. All characters but the unreserved ones are percent-encoded.

    >>> encode_query({"Status": "Running", "DisplayName": "a b", "UserId": ""})
    'DisplayName=a%20b&Status=Running&UserId='
    """
    return "&".join(f"{quote(name, safe='')}={quote(params[name], safe='')}" for name in sorted(params))


def canonical_query(query: str) -> str:
    """Return the canonical form of a query from the wire, where ``+`` may stand for a space.

    >>> canonical_query("b=1&a=x+y")
    'a=x%20y&b=1'
    """
    return encode_query(dict(parse_qsl(query, keep_blank_values=True)))


def body_digest(body: bytes) -> str:
    """Return the value of the header ``x-acs-content-sha256``: the lower-case hex SHA-256 of the body."""
    return hashlib.sha256(body).hexdigest()


def signed_headers(headers: Mapping[str, str]) -> list[str]:
    """Return the names of the headers to sign, in lower case and sorted.

    >>> signed_headers({"Host": "h", "Accept": "*/*", "x-acs-date": "2026-01-02T03:04:05Z"})
    ['host', 'x-acs-date']
    """
    names = (name.lower() for name in headers)
    return sorted(name for name in names if name in _SIGNED or name.startswith("x-acs-"))


def canonical_request(method: str, path: str, query: str, headers: Mapping[str, str], signed: list[str]) -> str:
    """Return the canonical request.

    :param method: HTTP method in upper case
    :param path: percent-encoded path
    :param query: canonical query
    :param headers: all request headers; their names are not case-sensitive
    :param signed: lower-case names of the signed headers, in order
    """
    by_name = {name.lower(): value.strip() for name, value in headers.items()}
    lines = [method, path, query]
    lines += [f"{name}:{by_name[name]}" for name in signed]
    return "\n".join([*lines, "", ";".join(signed), by_name["x-acs-content-sha256"]])


def signature(secret: str, request: str) -> str:
    """Return the lower-case hex HMAC-SHA256 of a canonical request."""
    text = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def authorization(access_key_id: str, signed: list[str], hexadecimal: str) -> str:
    """Return the value of the Authorization header."""
    return f"{ALGORITHM} Credential={access_key_id},SignedHeaders={';'.join(signed)},Signature={hexadecimal}"


def sign(
    method: str,
    target: str,
    headers: dict[str, str],
    *,
    host: str,
    body: bytes,
    access_key_id: str,
    access_key_secret: str,
    security_token: str | None,
    version: str,
    date: str,
    nonce: str,
) -> None:
    """Add the headers of a signed request to ``headers``, including ``Authorization``.

    :param method: HTTP method in upper case
    :param target: percent-encoded path and query, see :func:`encode_path` and :func:`encode_query`
    :param headers: changed in place; ``x-acs-`` headers in it, such as ``x-acs-action``, are signed too
    :param host: host, with the port of the URL if it has one
    :param body: request body; empty for none
    :param access_key_id: AccessKey id
    :param access_key_secret: AccessKey secret
    :param security_token: security token of temporary keys; None for others
    :param version: API version
    :param date: UTC time as ``YYYY-MM-DDTHH:MM:SSZ``, at most 15 minutes from the service's clock
    :param nonce: unique text per request
    """
    path, _, query = target.partition("?")
    headers["accept"] = "application/json"
    if body:
        headers["content-type"] = "application/json; charset=utf-8"
    headers["x-acs-version"] = version
    headers["x-acs-date"] = date
    headers["x-acs-signature-nonce"] = nonce
    headers["x-acs-content-sha256"] = body_digest(body)
    if security_token:
        headers["x-acs-accesskey-id"] = access_key_id
        headers["x-acs-security-token"] = security_token.strip()
    sent = {**headers, "host": host}
    signed = signed_headers(sent)
    request = canonical_request(method, path, query, sent, signed)
    headers["Authorization"] = authorization(access_key_id, signed, signature(access_key_secret, request))
