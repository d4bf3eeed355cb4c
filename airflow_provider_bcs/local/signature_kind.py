"""Kinds of request signatures, for error messages that name the kind of a refused request."""

from __future__ import annotations

import re

_SCHEME = re.compile(r"[A-Za-z0-9-]{1,40}")


def signature_kind(authorization: str, query: str) -> str:
    """Name the kind of a request's signature.

    The result never contains a key or a signature: both follow the scheme in the header Authorization.

    :param authorization: value of the header, or an empty text
    :param query: query string of the request
    :return: an empty text when the request has no signature

    >>> signature_kind("ACS3-HMAC-SHA256 Credential=id", ""), signature_kind("", "Action=x&Signature=y")
    ('ACS3-HMAC-SHA256', 'an RPC signature in the query')
    """
    if authorization:
        scheme, space, _ = authorization.partition(" ")
        return scheme if space and _SCHEME.fullmatch(scheme) else "a value without a scheme"
    return "an RPC signature in the query" if re.search(r"(?:^|&)Signature=", query) else ""
