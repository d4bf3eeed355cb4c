"""The ACS3-HMAC-SHA256 request signature of PAI-DLC.

Pure functions: no clock, no network. Source: the "V3 request structure and signature" help page and the requests
that the vendor's SDK sends.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

ALGORITHM = "ACS3-HMAC-SHA256"
#: What is signed besides every ``x-acs-`` header, where it is sent.
_SIGNED = ("host", "content-type")


def encode_path(*segments: str) -> str:
    """Return a path of percent-encoded segments, e.g. ``/api/v1/jobs/dlc%201``."""
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)


def encode_query(params: Mapping[str, str]) -> str:
    """Encode query parameters: sorted by name, ``name=`` for an empty value, only unreserved characters kept."""
    return "&".join(f"{quote(name, safe='')}={quote(params[name], safe='')}" for name in sorted(params))


def canonical_query(query: str) -> str:
    """Return the canonical form of a query as it is on the wire, where a space may be ``+``."""
    return encode_query(dict(parse_qsl(query, keep_blank_values=True)))


def body_digest(body: bytes) -> str:
    """Return the lower-case hex SHA-256 that travels in ``x-acs-content-sha256``."""
    return hashlib.sha256(body).hexdigest()


def signed_headers(headers: Mapping[str, str]) -> list[str]:
    """Return the names of the headers that have to be signed, in lower case and sorted."""
    names = (name.lower() for name in headers)
    return sorted(name for name in names if name in _SIGNED or name.startswith("x-acs-"))


def canonical_request(method: str, path: str, query: str, headers: Mapping[str, str], signed: list[str]) -> str:
    """Build the canonical request.

    :param path: percent-encoded path
    :param query: canonical query
    :param headers: all request headers with their values; names are compared without regard to case
    :param signed: lower-case names of the signed headers, in order
    """
    by_name = {name.lower(): value.strip() for name, value in headers.items()}
    lines = [method, path, query]
    lines += [f"{name}:{by_name[name]}" for name in signed]
    return "\n".join([*lines, "", ";".join(signed), by_name["x-acs-content-sha256"]])


def signature(secret: str, request: str) -> str:
    """Return the lower-case hex signature of a canonical request."""
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
    """Add to ``headers`` everything a request carries, the Authorization last.

    :param target: percent-encoded path and query, as :func:`encode_path` and :func:`encode_query` make them
    :param headers: changed in place; headers already there that begin with ``x-acs-``, the action, are signed too
    :param host: host, with its port if the URL has one
    :param date: ``YYYY-MM-DDTHH:MM:SSZ``, at most 15 minutes off the service's clock
    :param nonce: text that is different for each request
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
