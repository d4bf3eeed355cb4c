"""Verification of V4, V2 and V1 signatures, in the Authorization header or in a presigned URL."""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from airflow_provider_bcs.http.facts import MAX_CLOCK_SKEW

from . import errors
from .request import ObjectRequest
from .signature import (
    ALGORITHM,
    REQUEST_TYPE,
    UNSIGNED_PAYLOAD,
    canonical_request,
    signature_v1,
    signature_v2,
    signature_v4,
    string_to_sign_v1,
    string_to_sign_v2,
)

_MAX_EXPIRY_SECONDS = 7 * 24 * 3600
_TOKEN = re.compile(r"(security-token[:=])[^\n&]+")


class Verifier:
    """Verifier of requests that are signed with one AccessKey.

    :param clock: current time, seconds since the epoch
    """

    def __init__(self, key_id: str, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._key_id = key_id
        self._secret = secret
        self._clock = clock

    def verify(self, request: ObjectRequest) -> None:
        """Check the signature of a request, its AccessKey and its time.

        :raises ErrorResponse: when one of these is missing or not valid
        """
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme == ALGORITHM:
            fields = dict(part.strip().partition("=")[::2] for part in value.split(","))
            moment = request.headers.get("x-oss-date", "")
            self._verify_now(_moment(moment))
            self._verify_v4(
                request,
                moment,
                fields.get("Credential", ""),
                fields.get("AdditionalHeaders", ""),
                fields.get("Signature", ""),
            )
        elif scheme == "OSS":
            key_id, _, signature = value.strip().rpartition(":")
            date = request.headers.get("x-oss-date") or request.headers.get("date", "")
            self._verify_now(_http_date(date))
            self._verify_v1(request, date, key_id, signature)
        elif scheme == "OSS2":
            fields = dict(part.strip().partition(":")[::2] for part in value.split(","))
            date = request.headers.get("x-oss-date") or request.headers.get("date", "")
            self._verify_now(_http_date(date))
            key_id, additional = fields.get("AccessKeyId", ""), fields.get("AdditionalHeaders", "")
            self._verify_v2(request, date, key_id, additional, fields.get("Signature", ""))
        elif scheme:
            expected = f"{ALGORITHM}, OSS2 or OSS, because this is the address of the object store"
            raise errors.invalid_argument("Authorization", scheme, expected)
        elif request.query.get("x-oss-signature-version") == "OSS2":
            self._verify_presigned_v2(request)
        elif "x-oss-signature" in request.query:
            self._verify_presigned_v4(request)
        elif "Signature" in request.query:
            expires = self._verify_expires(request, "Expires")
            self._verify_v1(request, expires, request.query.get("OSSAccessKeyId", ""), request.query["Signature"])
        else:
            raise errors.access_denied("The request is not signed; anonymous access is not allowed.")

    def _verify_presigned_v4(self, request: ObjectRequest) -> None:
        query = request.query
        if query.get("x-oss-signature-version") != ALGORITHM:
            raise errors.invalid_argument(
                "x-oss-signature-version", query.get("x-oss-signature-version", ""), ALGORITHM
            )
        moment = query.get("x-oss-date", "")
        begin, seconds = _moment(moment), request.number("x-oss-expires", 0, 1, _MAX_EXPIRY_SECONDS)
        if begin > self._clock() + MAX_CLOCK_SKEW.total_seconds():
            self._verify_now(begin)
        self._verify_not_expired(begin + seconds)
        credential, additional = query.get("x-oss-credential", ""), query.get("x-oss-additional-headers", "")
        self._verify_v4(request, moment, credential, additional, query["x-oss-signature"])

    def _verify_presigned_v2(self, request: ObjectRequest) -> None:
        query = request.query
        expires = self._verify_expires(request, "x-oss-expires")
        key_id, additional = query.get("x-oss-access-key-id", ""), query.get("x-oss-additional-headers", "")
        self._verify_v2(request, expires, key_id, additional, query.get("x-oss-signature", ""))

    def _verify_expires(self, request: ObjectRequest, name: str) -> str:
        """Return a query parameter with the time when the URL expires."""
        expires = request.query.get(name, "")
        if not re.fullmatch(r"[0-9]{1,11}", expires):
            raise errors.access_denied(f"{name}: found {expires[:60]!r}; expected seconds since the epoch.")
        self._verify_not_expired(int(expires))
        return expires

    def _verify_v4(self, request: ObjectRequest, moment: str, credential: str, additional: str, signature: str) -> None:
        key_id, _, scope = credential.partition("/")
        self._verify_key_id(key_id)
        if not re.fullmatch(rf"{moment[:8]}/[^/]*/oss/{REQUEST_TYPE}", scope):
            expected = f"KEY_ID/{moment[:8]}/REGION/oss/{REQUEST_TYPE}"
            raise errors.invalid_argument("Credential", credential, expected)
        payload = request.headers.get("x-oss-content-sha256", UNSIGNED_PAYLOAD)
        if payload != UNSIGNED_PAYLOAD:
            raise errors.invalid_argument("x-oss-content-sha256", payload, UNSIGNED_PAYLOAD)
        canonical = canonical_request(request, {name for name in additional.split(";") if name})
        _compare(signature, signature_v4(self._secret, canonical, moment, scope), "CanonicalRequest", canonical)

    def _verify_v1(self, request: ObjectRequest, date: str, key_id: str, signature: str) -> None:
        self._verify_key_id(key_id)
        text = string_to_sign_v1(request, date)
        if not request.key and request.path == f"/{request.bucket}":
            # The Node package aliyun-sdk signs the path of a bucket as it sends it, without a slash at the end.
            as_sent = signature_v1(self._secret, string_to_sign_v1(request, date, request.path))
            if hmac.compare_digest(signature.encode(), as_sent.encode()):
                return
        _compare(signature, signature_v1(self._secret, text), "StringToSign", text)

    def _verify_v2(self, request: ObjectRequest, date: str, key_id: str, additional: str, signature: str) -> None:
        self._verify_key_id(key_id)
        text = string_to_sign_v2(request, date, {name.lower() for name in additional.split(";") if name})
        _compare(signature, signature_v2(self._secret, text), "StringToSign", text)

    def _verify_key_id(self, key_id: str) -> None:
        if key_id != self._key_id:
            raise errors.invalid_access_key_id(key_id)

    def _verify_now(self, moment: float) -> None:
        if abs(moment - self._clock()) > MAX_CLOCK_SKEW.total_seconds():
            raise errors.request_time_too_skewed(MAX_CLOCK_SKEW.seconds)

    def _verify_not_expired(self, end: float) -> None:
        if end < self._clock():
            raise errors.access_denied("Request has expired.")


def _moment(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        raise errors.access_denied(
            f"x-oss-date: found {text[:60]!r}; expected a time such as 20250131T235959Z."
        ) from None


def _http_date(text: str) -> float:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        raise errors.access_denied(f"Date: found {text[:60]!r}; expected an HTTP date.") from None


def _compare(found: str, expected: str, name: str, text: str) -> None:
    """Compare two signatures.

    :param name: element for the text that the service has signed, in the document of the error
    """
    if not hmac.compare_digest(found.encode(), expected.encode()):
        raise errors.signature_does_not_match(found, name, _TOKEN.sub(r"\1***", text))
