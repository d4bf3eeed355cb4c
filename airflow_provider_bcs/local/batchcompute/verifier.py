"""Verification of ROA signatures as the SDKs of BatchCompute for Python, Node and Java create them."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import unquote

from airflow_provider_bcs.batchcompute.facts import API_VERSION
from airflow_provider_bcs.http.facts import MAX_CLOCK_SKEW
from airflow_provider_bcs.http.roa import signature, string_to_sign
from airflow_provider_bcs.local.error_response import ErrorResponse, invalid, missing


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
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        key_id, colon, given = credentials.strip().partition(":")
        if scheme != "acs" or not colon:
            raise missing("Authorization")
        if key_id != self._key_id:
            # The first version of the API has this code.
            raise ErrorResponse(404, "InvalidAccessKeyId.NotFound", f"Specified access key {key_id} is not found.")
        date = headers.get("date") or headers.get("x-acs-date") or ""
        self._verify_date(date)
        for resource in _resources(target):
            text = string_to_sign(method, resource, headers, date=date)
            if hmac.compare_digest(signature(self._secret, text).encode(), given.encode()):
                break
        else:
            shown = {**headers, "x-acs-security-token": "***"} if "x-acs-security-token" in headers else headers
            received = string_to_sign(method, target, shown, date=date)
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


def _resources(target: str) -> Iterator[str]:
    """Yield the forms of path and query that a client may have signed.

    The Python SDK signs them as sent, the Node SDK signs them decoded, the Java SDK signs the raw path. The Node and
    Java SDKs sort the query and sign a parameter with an empty value without ``=``.
    """
    yield target
    path, question_mark, query = target.partition("?")
    pairs = sorted((unquote(name), unquote(value)) for name, _, value in (p.partition("=") for p in query.split("&")))
    decoded = question_mark + "&".join(f"{name}={value}" if value else name for name, value in pairs)
    yield unquote(path) + decoded
    yield path + decoded
