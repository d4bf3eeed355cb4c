"""ROA request signature (HMAC-SHA1) of BatchCompute.

Pure functions: no clock, no network. The client signs with them and the local service verifies with them.
Source: the "Signature" help page of BatchCompute and the requests its Python SDK sends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote, unquote_plus

#: Scheme of the Authorization header, and the only value of ``x-acs-signature-method``.
SCHEME = "acs"
METHOD = "HMAC-SHA1"


def encode_query(params: Mapping[str, str]) -> str:
    """Encode query parameters as the service's Python SDK does.

    The pairs are sorted by key. ``_`` in a key becomes ``-``, and a pair with a blank value becomes the key alone.
    All characters but the unreserved ones are percent-encoded.

    :param params: parameter values by name
    :return: query without a leading ``?``; empty when there are no parameters

    >>> encode_query({"page_size": "10", "State": "Running", "description": ""})
    'State=Running&description&page-size=10'
    """
    pairs = []
    for key in sorted(params):
        name = quote(key.replace("_", "-"), safe="")
        value = params[key]
        pairs.append(f"{name}={quote(value, safe='')}" if value.strip() else name)
    return "&".join(pairs)


def body_digest(body: bytes) -> str:
    """Return the value of the unsigned header ``contentMd5``: the lower-case hex MD5 of the body."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def string_to_sign(method: str, resource: str, headers: Mapping[str, str], *, date: str | None = None) -> str:
    """Return the text to sign.

    :param method: HTTP method in upper case
    :param resource: request target: path and query exactly as on the wire
    :param headers: all request headers; their names are not case-sensitive
    :param date: value of the date line; None for the ``Date`` header (the Node SDK signs ``x-acs-date``)
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


def resources(target: str) -> Iterator[str]:
    """Yield the forms of path and query that a client may have signed.

    The Python SDK of BatchCompute signs them as sent, its Node SDK signs them decoded. Its Java SDK and the SDKs of
    PAI-DLC sign the raw path. All but the first sort the query and sign a parameter with an empty value without ``=``.
    Some of them send a space in the query as ``+``.

    :param target: path and query as on the wire

    >>> list(resources("/a%20b?y=&x=%2F+%2B"))
    ['/a%20b?y=&x=%2F+%2B', '/a b?x=/ +&y', '/a%20b?x=/ +&y']
    """
    yield target
    path, question_mark, query = target.partition("?")
    parts = (part.partition("=") for part in query.split("&"))
    pairs = sorted((unquote_plus(name), unquote_plus(value)) for name, _, value in parts)
    decoded = question_mark + "&".join(f"{name}={value}" if value else name for name, value in pairs)
    yield unquote(path) + decoded
    yield path + decoded


def matches(secret: str, method: str, target: str, headers: Mapping[str, str], given: str, *, date: str) -> bool:
    """Return whether ``given`` is the signature of any form of a request that a client may have signed.

    :param target: path and query as on the wire
    :param date: value of the date line
    """
    texts = (string_to_sign(method, resource, headers, date=date) for resource in resources(target))
    return any(hmac.compare_digest(signature(secret, text).encode(), given.encode()) for text in texts)


def signature(secret: str, text: str) -> str:
    """Return the base64 HMAC-SHA1 of ``text``."""
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
    """Add the headers of a signed request to ``headers``, including ``Authorization``.

    :param method: HTTP method in upper case
    :param resource: request target: path and query exactly as on the wire
    :param headers: changed in place; ``x-acs-`` headers in it are signed too
    :param body: request body; empty for none
    :param access_key_id: AccessKey id
    :param access_key_secret: AccessKey secret
    :param security_token: security token of temporary keys; None for others
    :param region: region id, or the local service's host
    :param date: RFC 822 time in GMT, at most 15 minutes from the service's clock
    :param nonce: unique text per request
    """
    headers["Date"] = date
    headers["x-acs-region-id"] = region
    headers["x-acs-access-key-id"] = access_key_id
    if security_token:
        headers["x-acs-security-token"] = security_token.strip()
    headers["x-acs-signature-method"] = METHOD
    headers["x-acs-signature-version"] = "1.0"
    headers["x-acs-version"] = version
    headers["x-acs-signature-nonce"] = nonce
    headers["Accept"] = "application/json"
    headers["Content-Type"] = "application/json"
    if body:
        headers["contentMd5"] = body_digest(body)
    headers["Content-Length"] = str(len(body))
    text = string_to_sign(method, resource, headers)
    headers["Authorization"] = f"{SCHEME} {access_key_id}:{signature(access_key_secret, text)}"
