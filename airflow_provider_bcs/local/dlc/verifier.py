"""Verification of ACS3-HMAC-SHA256 signatures, and of the ROA signatures (HMAC-SHA1) of older SDKs."""

from __future__ import annotations

import calendar
import hmac
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from airflow_provider_bcs.dlc.facts import API_VERSION, MISSING
from airflow_provider_bcs.http import roa
from airflow_provider_bcs.http.acs3 import (
    ALGORITHM,
    body_digest,
    canonical_query,
    canonical_request,
    encode_path,
    signature,
    signed_headers,
)
from airflow_provider_bcs.http.facts import MAX_CLOCK_SKEW
from airflow_provider_bcs.local.error_response import ErrorResponse, invalid
from airflow_provider_bcs.local.signature_kind import signature_kind

_ISO = "%Y-%m-%dT%H:%M:%SZ"
_MAX_NONCES = 100_000
_SECRET_HEADERS = ("x-acs-security-token", "x-acs-bearer-token")
_ACS3 = re.compile(ALGORITHM + r" *Credential=([^,]*), *SignedHeaders=([^,]*), *Signature=([^,]*)")
_ROA = re.compile(roa.SCHEME + r" +([^: ]*):([^: ]*)")


class Verifier:
    """Verifier of requests that are signed with one AccessKey; it refuses replayed nonces.

    Error codes are general codes of the platform. The HTTP statuses, and ``IncompleteSignature`` for headers that are
    not signed, are assumptions. Use it from one thread only.

    :param clock: current real time, seconds since the epoch
    """

    def __init__(self, key_id: str, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._key_id = key_id
        self._secret = secret
        self._clock = clock
        self._nonces: OrderedDict[str, float] = OrderedDict()

    def verify(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> None:
        """Check the signature of a request, its AccessKey, its time and its nonce, which only ACS3 requires.

        :param path: path as received
        :param query: query as received, without the ``?``
        :param headers: header values by name in lower case
        :raises ErrorResponse: when one of these is missing or not valid
        """
        authorization = headers.get("authorization", "").strip()
        if match := _ACS3.fullmatch(authorization):
            key_id, names, given = match.groups()
            moment = self._check_facts(key_id, headers, _acs3_time)
            _required(headers, "x-acs-signature-nonce")
            self._verify_acs3(method, path, query, headers, body, names.split(";"), given)
        elif match := _ROA.fullmatch(authorization):
            key_id, given = match.groups()
            moment = self._check_facts(key_id, headers, _roa_time)
            self._verify_roa(method, f"{path}?{query}" if query else path, headers, given)
        else:
            raise _wrong_kind(signature_kind(authorization, query))
        # The ROA signature of aliyun-python-sdk-core has no nonce.
        if nonce := headers.get("x-acs-signature-nonce"):
            self._remember(nonce, moment)

    def _check_facts(
        self, key_id: str, headers: Mapping[str, str], time_of: Callable[[Mapping[str, str]], float]
    ) -> float:
        """Check the AccessKey, the version and the time; return the time."""
        if key_id != self._key_id:
            raise ErrorResponse(404, "InvalidAccessKeyId.NotFound", f"Specified access key {key_id} is not found.")
        if _required(headers, "x-acs-version") != API_VERSION:
            raise invalid("Version", f"It must be {API_VERSION}.")
        moment = time_of(headers)
        self._check_time(moment)
        return moment

    def _verify_roa(self, method: str, target: str, headers: Mapping[str, str], given: str) -> None:
        found = headers.get("x-acs-signature-method", roa.METHOD)
        if found != roa.METHOD:
            raise invalid("SignatureMethod", f"Found {found[:40]!r}; expected {roa.METHOD}.")
        date = _roa_date(headers)
        if not roa.matches(self._secret, method, target, headers, given, date=date):
            text = roa.string_to_sign(method, target, _shown(headers), date=date)
            message = f"The request signature does not match. The server's string to sign is {text!r}."
            raise ErrorResponse(400, "SignatureDoesNotMatch", message)

    def _verify_acs3(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        signed: list[str],
        given: str,
    ) -> None:
        if _required(headers, "x-acs-content-sha256") != body_digest(body):
            raise ErrorResponse(
                400, "SignatureDoesNotMatch", "The digest in x-acs-content-sha256 does not match the body."
            )
        _check_coverage(signed, headers, body)
        # Encode path and query again: clients encode the same character in different ways, such as "+" and "%20".
        place = encode_path(*map(unquote, path.split("/")[1:])), canonical_query(query)
        expected = signature(self._secret, canonical_request(method, *place, headers, signed))
        if not hmac.compare_digest(expected.encode(), given.encode()):
            text = canonical_request(method, *place, _shown(headers), signed)
            message = f"The request signature does not match. The server's canonical request is {text!r}."
            raise ErrorResponse(400, "SignatureDoesNotMatch", message)

    def _check_time(self, moment: float) -> None:
        now = self._clock()
        if abs(moment - now) > MAX_CLOCK_SKEW.total_seconds():
            found, own = (time.strftime(_ISO, time.gmtime(seconds)) for seconds in (moment, now))
            message = f"Specified time stamp {found} is expired; the server's time is {own}."
            raise ErrorResponse(400, "InvalidTimeStamp.Expired", message)

    def _remember(self, nonce: str, moment: float) -> None:
        now = self._clock()
        while self._nonces and (len(self._nonces) >= _MAX_NONCES or next(iter(self._nonces.values())) < now):
            self._nonces.popitem(last=False)
        if self._nonces.get(nonce, now) > now:
            raise ErrorResponse(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        # Until this time, the date of the request is valid and could be replayed; a date in the future is valid longer.
        self._nonces[nonce] = max(moment, now) + MAX_CLOCK_SKEW.total_seconds()


def _check_coverage(signed: list[str], headers: Mapping[str, str], body: bytes) -> None:
    for name in signed:
        if name not in headers:
            raise ErrorResponse(400, "IncompleteSignature", f"The request lacks the signed header {name!r}.")
    for name in signed_headers(headers):
        # The vendor's asynchronous client sends an unsigned Content-Type even without a body.
        if name not in signed and (body or name != "content-type"):
            raise ErrorResponse(400, "IncompleteSignature", f"The header {name!r} is not signed.")


def _acs3_time(headers: Mapping[str, str]) -> float:
    date = _required(headers, "x-acs-date")
    try:
        return calendar.timegm(time.strptime(date, _ISO))
    except ValueError:
        raise _wrong_time(date, "YYYY-MM-DDTHH:MM:SSZ") from None


def _roa_time(headers: Mapping[str, str]) -> float:
    date = _roa_date(headers)
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        raise _wrong_time(date, "Thu, 01 Jan 2026 00:00:00 GMT") from None


def _roa_date(headers: Mapping[str, str]) -> str:
    return headers.get("date") or _required(headers, "x-acs-date")


def _wrong_time(date: str, form: str) -> ErrorResponse:
    return ErrorResponse(400, "InvalidTimeStamp.Format", f"Specified time stamp {date} must have the form {form}.")


def _wrong_kind(kind: str) -> ErrorResponse:
    if not kind:
        return ErrorResponse(400, MISSING, "The header authorization is required.")
    expected = f"{ALGORITHM} Credential=...,SignedHeaders=...,Signature=..., or {roa.SCHEME} KEY_ID:SIGNATURE"
    return ErrorResponse(400, "IncompleteSignature", f"Authorization: found {kind}; expected {expected}.")


def _shown(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: "***" if name in _SECRET_HEADERS else value for name, value in headers.items()}


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise ErrorResponse(400, MISSING, f"The header {name} is required.")
    return value
