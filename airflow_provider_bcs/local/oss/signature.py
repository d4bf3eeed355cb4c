"""Signatures of OSS: V4 (OSS4-HMAC-SHA256) and V1 (HMAC-SHA1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Collection
from urllib.parse import quote

from .request import ObjectRequest

ALGORITHM = "OSS4-HMAC-SHA256"
REQUEST_TYPE = "aliyun_v4_request"
#: V4 signatures of OSS do not cover the body; this is the only legal value of x-oss-content-sha256.
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

#: Query parameters that a V1 signature covers.
_COVERED = re.compile(
    "acl|append|bucketInfo|callback|callback-var|continuation-token|cors|delete|encryption|lifecycle|location|logging"
    "|objectMeta|partNumber|policy|position|referer|regionList|requestPayment|resourceGroup|restore"
    "|response-(cache-control|content-disposition|content-encoding|content-language|content-type|expires)"
    "|security-token|sequential|stat|symlink|tagging|uploadId|uploads|versionId|versioning|versions|website|worm"
    "|x-oss-(process|request-payer|traffic-limit)"
)


def canonical_request(request: ObjectRequest, additional: Collection[str]) -> str:
    """Return the canonical request of a V4 signature.

    :param additional: AdditionalHeaders, names of headers that the signature covers besides the mandatory ones
    """
    pairs = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in request.parameters)
    query = "&".join(f"{name}={value}" if value else name for name, value in pairs if name != "x-oss-signature")
    headers = "".join(
        f"{name}:{value.strip()}\n"
        for name, value in sorted(request.headers.items())
        if name.startswith("x-oss-") or name in ("content-type", "content-md5") or name in additional
    )
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
    text = "\n".join((ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def string_to_sign_v1(request: ObjectRequest, date: str) -> str:
    """Return the string to sign of a V1 signature.

    :param date: Date header, or the Expires parameter of a presigned URL
    """
    headers = "".join(
        f"{name}:{value.strip()}\n" for name, value in sorted(request.headers.items()) if name.startswith("x-oss-")
    )
    pairs = sorted((name, value) for name, value in request.parameters if _COVERED.fullmatch(name))
    query = "&".join(f"{name}={value}" if value else name for name, value in pairs)
    resource = _resource(request) + ("?" + query if query else "")
    content = (request.headers.get("content-md5", ""), request.headers.get("content-type", ""))
    return "\n".join((request.method, *content, date, headers + resource))


def signature_v1(secret: str, text: str) -> str:
    """Return the V1 signature of a string to sign."""
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha1")).decode()


def _resource(request: ObjectRequest) -> str:
    return f"/{request.bucket}/{request.key}" if request.bucket else "/"
