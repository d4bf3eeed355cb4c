"""Verification of ROA signatures as the SDKs of BatchCompute for Python, Node and Java create them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from email.utils import formatdate, parsedate_to_datetime

from airflow_provider_bcs.batchcompute.facts import API_VERSION
from airflow_provider_bcs.http import roa
from airflow_provider_bcs.http.facts import MAX_CLOCK_SKEW
from airflow_provider_bcs.local.error_response import ErrorResponse, invalid, missing
from airflow_provider_bcs.local.signature_kind import signature_kind


class Verifier:
    """Verifier of requests that are signed with one AccessKey.

    A request can be replayed, and the signature does not cover the body: the SDKs permit no more. Error codes and
    HTTP statuses are assumptions except where noted.

    :param clock: current time, seconds since the epoch
    """

    def __init__(self, key_id: str, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._key_id = key_id
        self._secret = secret
        self._clock = clock

    def verify(self, method: str, target: str, headers: Mapping[str, str]) -> None:
        """Check the signature of a request, its AccessKey and its time.

        :param target: path and query as received
        :param headers: header values by name in lower case
        :raises ErrorResponse: when one of these is missing or not valid
        """
        authorization = headers.get("authorization", "")
        scheme, _, credentials = authorization.partition(" ")
        key_id, colon, given = credentials.strip().partition(":")
        if scheme != roa.SCHEME or not colon:
            raise _wrong_kind(signature_kind(authorization, target.partition("?")[2]))
        found = headers.get("x-acs-signature-method", roa.METHOD)
        if found != roa.METHOD:
            raise invalid("SignatureMethod", f"Found {found[:40]!r}; expected {roa.METHOD}.")
        if key_id != self._key_id:
            # The first version of the API has this code.
            raise ErrorResponse(404, "InvalidAccessKeyId.NotFound", f"Specified access key {key_id} is not found.")
        date = headers.get("date") or headers.get("x-acs-date") or ""
        self._verify_date(date)
        if not roa.matches(self._secret, method, target, headers, given, date=date):
            shown = {**headers, "x-acs-security-token": "***"} if "x-acs-security-token" in headers else headers
            received = roa.string_to_sign(method, target, shown, date=date)
            raise ErrorResponse(
                400,
                "SignatureDoesNotMatch",
                f"The request signature does not match. The server's string to sign is {received!r}.",
            )
        self._verify_version(headers)

    def _verify_date(self, date: str) -> None:
        if not date:
            raise missing("Date")
        try:
            moment = parsedate_to_datetime(date).timestamp()
        except (ValueError, OverflowError):
            raise invalid("Date") from None
        now = self._clock()
        if abs(moment - now) > MAX_CLOCK_SKEW.total_seconds():
            raise ErrorResponse(
                400,
                "RequestTimeTooSkewed",
                f"The request's time {date} and the server's time {formatdate(now, usegmt=True)}"
                f" differ by more than {MAX_CLOCK_SKEW.seconds // 60} minutes.",
            )

    def _verify_version(self, headers: Mapping[str, str]) -> None:
        if headers.get("x-acs-version", API_VERSION) != API_VERSION:
            raise ErrorResponse(403, "InvalidVersion.NotFound", "Specified version is not found.")


def _wrong_kind(kind: str) -> ErrorResponse:
    if not kind:
        return missing("Authorization")
    return invalid("Authorization", f"Found {kind}; expected {roa.SCHEME} KEY_ID:SIGNATURE, which is {roa.METHOD}.")
