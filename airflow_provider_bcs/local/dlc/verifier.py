"""Verification of ACS3-HMAC-SHA256 signatures."""

from __future__ import annotations

import calendar
import hmac
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from airflow_provider_bcs.dlc.facts import API_VERSION, MISSING
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

_MAX_NONCES = 100_000
_SECRET_HEADERS = ("x-acs-security-token", "x-acs-bearer-token")
_AUTHORIZATION = re.compile(ALGORITHM + r" *Credential=([^,]*), *SignedHeaders=([^,]*), *Signature=([^,]*)")


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
        """Check the signature of a request, its AccessKey, its time and its nonce.

        :param path: path as received
        :param query: query as received, without the ``?``
        :param headers: header values by name in lower case
        :raises ErrorResponse: when one of these is missing or not valid
        """
        match = _AUTHORIZATION.fullmatch(_required(headers, "authorization").strip())
        if match is None:
            raise ErrorResponse(
                400, "IncompleteSignature", f"The header Authorization must have the form of {ALGORITHM}."
            )
        key_id, names, given = match.groups()
        if key_id != self._key_id:
            raise ErrorResponse(404, "InvalidAccessKeyId.NotFound", f"Specified access key {key_id} is not found.")
        if _required(headers, "x-acs-version") != API_VERSION:
            raise invalid("Version", f"It must be {API_VERSION}.")
        moment = self._moment(_required(headers, "x-acs-date"))
        nonce = _required(headers, "x-acs-signature-nonce")
        if _required(headers, "x-acs-content-sha256") != body_digest(body):
            raise ErrorResponse(
                400, "SignatureDoesNotMatch", "The digest in x-acs-content-sha256 does not match the body."
            )
        signed = names.split(";")
        _check_coverage(signed, headers, body)
        # Encode path and query again: clients encode the same character in different ways, such as "+" and "%20".
        place = encode_path(*map(unquote, path.split("/")[1:])), canonical_query(query)
        expected = signature(self._secret, canonical_request(method, *place, headers, signed))
        if not hmac.compare_digest(expected.encode(), given.encode()):
            shown = {name: "***" if name in _SECRET_HEADERS else value for name, value in headers.items()}
            text = canonical_request(method, *place, shown, signed)
            message = f"The request signature does not match. The server's canonical request is {text!r}."
            raise ErrorResponse(400, "SignatureDoesNotMatch", message)
        self._remember(nonce, moment)

    def _moment(self, date: str) -> float:
        try:
            moment = calendar.timegm(time.strptime(date, "%Y-%m-%dT%H:%M:%SZ"))
        except ValueError:
            message = f"Specified time stamp {date} must have the form YYYY-MM-DDTHH:MM:SSZ."
            raise ErrorResponse(400, "InvalidTimeStamp.Format", message) from None
        now = self._clock()
        if abs(moment - now) > MAX_CLOCK_SKEW.total_seconds():
            shown = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
            message = f"Specified time stamp {date} is expired; the server's time is {shown}."
            raise ErrorResponse(400, "InvalidTimeStamp.Expired", message)
        return moment

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


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise ErrorResponse(400, MISSING, f"The header {name} is required.")
    return value
