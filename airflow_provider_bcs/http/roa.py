"""The ROA request signature (HMAC-SHA1) of BatchCompute.

Pure functions: no clock, no network. The client signs with them and the local service verifies with them.
Source: the "Signature" help page of BatchCompute and the requests its Python SDK sends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote


def encode_query(params: Mapping[str, str]) -> str:
    """Encode query parameters as the service's Python SDK does.

    Pairs are sorted by key, ``_`` in a key is sent as ``-``, nothing is safe from percent-encoding but the
    unreserved characters, and a blank value is sent as the bare key.

    :param params: parameter names and their values, both text
    :return: the query without a leading ``?``; empty when there are no parameters
    """
    pairs = []
    for key in sorted(params):
        name = quote(key.replace("_", "-"), safe="")
        value = params[key]
        pairs.append(f"{name}={quote(value, safe='')}" if value.strip() else name)
    return "&".join(pairs)


def body_digest(body: bytes) -> str:
    """Return the lower-case hex MD5 that travels, unsigned, in the header ``contentMd5``."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def string_to_sign(method: str, resource: str, headers: Mapping[str, str], *, date: str | None = None) -> str:
    """Build the text that is signed.

    :param method: HTTP verb in upper case
    :param resource: path and query exactly as on the wire (the request target)
    :param headers: all request headers; their names are compared without regard to case
    :param date: the value of the date line when it is not the ``Date`` header (the Node SDK signs ``x-acs-date``)
    """
    by_name = {name.lower(): value for name, value in headers.items()}
    lines = [
        method,
        by_name.get("accept", "").strip(),
        by_name.get("content-md5", "").strip(),
        by_name.get("content-type", "").strip(),
        by_name.get("date", "").strip() if date is None else date.strip(),
    ]
    lines += [f"{name}:{by_name[name]}" for name in sorted(by_name) if name.startswith("x-acs-")]
    return "\n".join([*lines, resource])


def signature(secret: str, text: str) -> str:
    """Return base64(HMAC-SHA1(secret, text))."""
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def sign(
    method: str,
    resource: str,
    headers: dict[str, str],
    *,
    body: bytes,
    access_key_id: str,
    access_key_secret: str,
    security_token: str | None,
    region: str,
    version: str,
    date: str,
    nonce: str,
) -> None:
    """Add to ``headers`` everything a BatchCompute request carries, the Authorization last.

    :param headers: changed in place; headers already there that begin with ``x-acs-`` are signed too
    :param date: RFC 822 time in GMT, at most 15 minutes off the service's clock
    :param nonce: text that is different for each request
    """
    headers["Date"] = date
    headers["x-acs-region-id"] = region
    headers["x-acs-access-key-id"] = access_key_id
    if security_token:
        headers["x-acs-security-token"] = security_token.strip()
    headers["x-acs-signature-method"] = "HMAC-SHA1"
    headers["x-acs-signature-version"] = "1.0"
    headers["x-acs-version"] = version
    headers["x-acs-signature-nonce"] = nonce
    headers["Accept"] = "application/json"
    headers["Content-Type"] = "application/json"
    if body:
        headers["contentMd5"] = body_digest(body)
    headers["Content-Length"] = str(len(body))
    text = string_to_sign(method, resource, headers)
    headers["Authorization"] = f"acs {access_key_id}:{signature(access_key_secret, text)}"
