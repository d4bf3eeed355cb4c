"""Signatures of OSS: V4 (OSS4-HMAC-SHA256), V2 (OSS2, HMAC-SHA256) and V1 (HMAC-SHA1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Collection
from urllib.parse import quote

from .parameters import is_covered
from .request import ObjectRequest

ALGORITHM = "OSS4-HMAC-SHA256"
REQUEST_TYPE = "aliyun_v4_request"
#: V4 signatures of OSS do not cover the body; this is the only legal value of x-oss-content-sha256.
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"


def canonical_request(request: ObjectRequest, additional: Collection[str]) -> str:
    """Return the canonical request of a V4 signature.

    :param additional: AdditionalHeaders, names of headers that the signature covers besides the mandatory ones
    """
    query = _canonical_query(request)
    headers = _signed_headers(request, {"content-type", "content-md5", *additional})
    payload = request.headers.get("x-oss-content-sha256", UNSIGNED_PAYLOAD)
    return "\n".join((request.method, quote(_resource(request)), query, headers, ";".join(sorted(additional)), payload))


def signature_v4(secret: str, canonical: str, moment: str, scope: str) -> str:
    """Return the V4 signature of a canonical request.

    :param moment: time of signing, such as ``20250131T235959Z``
    :param scope: ``DATE/REGION/PRODUCT/aliyun_v4_request``
    """
    key = f"aliyun_v4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join((ALGORITHM, moment, scope, hashlib.sha256(_encoded(canonical)).hexdigest()))
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def string_to_sign_v1(request: ObjectRequest, date: str, resource: str = "") -> str:
    """Return the string to sign of a V1 signature.

    :param date: Date header, or the Expires parameter of a presigned URL
    :param resource: bucket and key in the form ``/bucket/key``; empty: those of the request
    """
    headers = _signed_headers(request)
    pairs = sorted((name, value) for name, value in request.parameters if is_covered(name))
    query = "&".join(f"{name}={value}" if value else name for name, value in pairs)
    resource = (resource or _resource(request)) + ("?" + query if query else "")
    return "\n".join((request.method, *_content(request), date, headers + resource))


def string_to_sign_v2(request: ObjectRequest, date: str, additional: Collection[str]) -> str:
    """Return the string to sign of a V2 signature.

    :param date: Date header, or the x-oss-expires parameter of a presigned URL
    :param additional: AdditionalHeaders, as in a V4 signature
    """
    query = _canonical_query(request)
    resource = quote(_resource(request), safe="") + ("?" + query if query else "")
    headers = _signed_headers(request, additional) + ";".join(sorted(additional))
    return "\n".join((request.method, *_content(request), date, headers, resource))


def signature_v1(secret: str, text: str) -> str:
    """Return the V1 signature of a string to sign."""
    return base64.b64encode(hmac.digest(secret.encode(), _encoded(text), "sha1")).decode()


def signature_v2(secret: str, text: str) -> str:
    """Return the V2 signature of a string to sign."""
    return base64.b64encode(hmac.digest(secret.encode(), _encoded(text), "sha256")).decode()


def _canonical_query(request: ObjectRequest) -> str:
    pairs = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in request.parameters)
    return "&".join(f"{name}={value}" if value else name for name, value in pairs if name != "x-oss-signature")


def _signed_headers(request: ObjectRequest, names: Collection[str] = ()) -> str:
    """Return the lines of the x-oss- headers and of the named headers."""
    return "".join(
        f"{name}:{_text(value.strip())}\n"
        for name, value in sorted(request.headers.items())
        if name.startswith("x-oss-") or name in names
    )


def _content(request: ObjectRequest) -> tuple[str, str]:
    return _text(request.headers.get("content-md5", "")), _text(request.headers.get("content-type", ""))


def _text(value: str) -> str:
    """Return a header value, which ASGI decodes as Latin-1, as the UTF-8 text that clients send."""
    return value.encode("latin-1").decode("utf-8", "surrogateescape")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _resource(request: ObjectRequest) -> str:
    return f"/{request.bucket}/{request.key}" if request.bucket else "/"
