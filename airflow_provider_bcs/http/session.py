"""HTTP session of the service clients: keep-alive, time-outs, retries, errors."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random
from urllib3.exceptions import NameResolutionError, NewConnectionError

from airflow_provider_bcs.exceptions import (
    ApiError,
    NoAnswerError,
    RefusedKeysError,
    ServerError,
    ServiceError,
    ThrottledError,
)
from airflow_provider_bcs.http.loopback import is_loopback_url, read_endpoint

from .errors import redirect_error, service_error, tls_error

__all__ = ["Observe", "RetryPolicy", "Session", "Signer", "no_answer"]

log = logging.getLogger(__name__)

_XML_CODE, _XML_MESSAGE = re.compile(r"<Code>([^<]+)</Code>"), re.compile(r"<Message>([^<]*)</Message>")

#: Function that adds the signature to the headers of a prepared request.
Signer = Callable[[requests.PreparedRequest], None]
#: Function that is called after each attempt of a request, with method, target and headers, and with its error if any.
Observe = Callable[[str, str, Mapping[str, str] | None, ApiError | None], None]


@dataclass(frozen=True)
class RetryPolicy:
    """Retry policy of failed requests, with exponential back-off and jitter.

    :param attempts: maximum number of times that a request is sent
    :param first_wait: seconds before the second attempt; the wait doubles with each attempt
    :param max_wait: maximum seconds between two attempts; a ``Retry-After`` of the service counts up to four times this

    >>> RetryPolicy(attempts=1)  # no retry
    RetryPolicy(attempts=1, first_wait=0.5, max_wait=20.0)
    """

    attempts: int = 5
    first_wait: float = 0.5
    max_wait: float = 20.0


class _Signed(AuthBase):
    """Signer as an auth object of requests; without one, requests takes an Authorization from a .netrc file."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        self._signer(request)
        return request


class Session:
    """Session for signed JSON requests to one endpoint.

    :param endpoint: URL without a path, e.g. ``https://batchcompute.cn-shanghai.aliyuncs.com``
    :param signer: signs each attempt of a request
    :param renew: called when the service refused the keys; returns True when other keys are there now, and the session
        sends the request once more
    :param timeout: seconds to connect, and seconds without a byte from the service
    :param retry: retry policy; None for the defaults of :class:`RetryPolicy`
    :param verify: True to verify TLS certificates, False to accept any, or the path of a CA bundle
    :param user_agent: value of the ``User-Agent`` header
    :param observe: called after each attempt of a request
    :raises ValueError: when the endpoint is no URL of a host
    """

    def __init__(
        self,
        endpoint: str,
        signer: Signer,
        *,
        renew: Callable[[], bool] = lambda: False,
        observe: Observe = lambda *_: None,
        timeout: tuple[float, float] = (10.0, 60.0),
        retry: RetryPolicy | None = None,
        verify: bool | str = True,
        user_agent: str = "",
    ) -> None:
        self.endpoint = read_endpoint(endpoint)
        self._auth = _Signed(signer)
        self._renew = renew
        self._observe = observe
        self._timeout = timeout
        self._retry = retry or RetryPolicy()
        self._ahead = timedelta()
        self._http = requests.Session()
        self._verify = verify
        # Proxies from environment variables are for other hosts; a proxy cannot reach this machine's loopback.
        self._proxies: Any = dict.fromkeys(("http", "https", "all")) if is_loopback_url(self.endpoint) else None
        self._http.headers["User-Agent"] = user_agent
        # Several threads of a triggerer share a session. 10 is the default of requests, stated here because it matters.
        self._http.mount(self.endpoint, HTTPAdapter(pool_maxsize=10))

    def close(self) -> None:
        """Close the keep-alive connections."""
        self._http.close()

    def send(
        self,
        method: str,
        target: str,
        body: Mapping[str, Any] | None = None,
        *,
        repeatable: bool,
        headers: Mapping[str, str] | None = None,
        parse: Callable[[bytes], dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """Send a request; return the JSON object of the response, ``{}`` for an empty body.

        :param method: HTTP method in upper case
        :param target: path and query as on the wire
        :param body: JSON object to send; None for no body
        :param repeatable: whether the operation is idempotent. An idempotent request is repeated after any transient
            error; any other request only when it certainly had no effect
        :param headers: headers to sign, besides those that the signer adds
        :param parse: parser of a successful response; when it raises ValueError, the response is parsed as JSON
        :raises CertificateError: when the TLS certificate was not accepted
        :raises NoAnswerError: when no response arrived
        :raises ServiceError: when the service responded with an error
        """
        content = b"" if body is None else json.dumps(body).encode()

        def is_transient(error: BaseException) -> bool:
            if isinstance(error, ThrottledError) or (isinstance(error, NoAnswerError) and error.never_sent):
                return True
            return repeatable and isinstance(error, (NoAnswerError, ServerError))

        retrying = Retrying(
            stop=stop_after_attempt(self._retry.attempts),
            wait=self._wait,
            retry=retry_if_exception(is_transient),
            before_sleep=lambda state: _log_retry(state, method, target),
            reraise=True,
        )
        earlier = 0
        try:
            try:
                return retrying(self._send_once, method, target, content, headers, parse)
            except RefusedKeysError:
                if not self._renew():
                    raise
                # A refused request had no effect, so sending it again is safe for every operation.
                earlier = retrying.statistics["attempt_number"] - 1
                return retrying(self._send_once, method, target, content, headers, parse)
        except ServiceError as error:
            error.attempts = earlier + retrying.statistics["attempt_number"]
            raise

    def _wait(self, state: RetryCallState) -> float:
        policy = self._retry
        backoff = wait_exponential(policy.first_wait, max=policy.max_wait) + wait_random(0, policy.first_wait)
        error = state.outcome.exception() if state.outcome else None
        requested = getattr(error, "retry_after", None) or 0
        return max(backoff(state), min(requested, 4 * policy.max_wait))

    def _send_once(
        self,
        method: str,
        target: str,
        content: bytes,
        headers: Mapping[str, str] | None,
        parse: Callable[[bytes], dict[str, Any]] | None,
    ) -> dict[str, Any]:
        try:
            answer = self._attempt(method, target, content, headers, parse)
        except ApiError as error:
            self._observe(method, target, headers, error)
            raise
        self._observe(method, target, headers, None)
        return answer

    def _attempt(
        self,
        method: str,
        target: str,
        content: bytes,
        headers: Mapping[str, str] | None,
        parse: Callable[[bytes], dict[str, Any]] | None,
    ) -> dict[str, Any]:
        try:
            response = self._http.request(
                method,
                self.endpoint + target,
                data=content,
                headers=headers,
                auth=self._auth,
                timeout=self._timeout,
                # Per request: REQUESTS_CA_BUNDLE overrides the value of a requests session.
                verify=self._verify,
                proxies=self._proxies,
                allow_redirects=False,
            )
        except requests.exceptions.SSLError as error:
            raise tls_error(self.endpoint, error) from error
        except requests.RequestException as error:
            raise no_answer(self.endpoint, error) from error
        self._note_time(response.headers.get("Date"))
        if parse is not None and response.status_code == requests.codes.ok:
            with suppress(ValueError):
                return parse(response.content)
        return _read(response)

    def now(self) -> datetime:
        """Return the time of the service's clock in UTC, from the ``Date`` of its last response; exact to about 1 s."""
        return datetime.now(timezone.utc) + self._ahead

    def _note_time(self, date: str | None) -> None:
        try:
            there = parsedate_to_datetime(date or "")
        except (ValueError, OverflowError):
            return
        self._ahead = there.replace(tzinfo=there.tzinfo or timezone.utc) - datetime.now(timezone.utc)


def no_answer(endpoint: str, error: requests.RequestException) -> NoAnswerError:
    """Return the exception for a request without a response.

    :param endpoint: URL of the service
    :param error: exception of the HTTP library
    """
    # requests has no exception class for a refused connection or an unknown host name.
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(reason, NameResolutionError):
        return NoAnswerError(f"{endpoint}: the host name does not exist; check region and endpoint", never_sent=True)
    if isinstance(reason, NewConnectionError):
        # The text begins with the address of a Python object.
        system = str(reason).rpartition("]")[2].strip() or reason
        return NoAnswerError(f"{endpoint}: no connection; check that the service runs: {system}", never_sent=True)
    if isinstance(error, requests.ConnectTimeout):
        return NoAnswerError(
            f"{endpoint} did not answer within the time limit; check that this machine can reach it", never_sent=True
        )
    return NoAnswerError(f"{endpoint} did not answer: {error}")


def _read(response: requests.Response) -> dict[str, Any]:
    headers, status = response.headers, response.status_code
    request_id = headers.get("x-acs-request-id") or headers.get("request-id") or ""
    if 300 <= status < 400:
        raise redirect_error(status, headers.get("Location"))
    content = _json(response)
    if content is None and status >= 400 and (code := _XML_CODE.search(response.text)):
        # The gateway in front of the service responds in XML and ignores the Accept header.
        reason = _XML_MESSAGE.search(response.text)
        content = {"Code": code[1], "Message": reason[1] if reason else ""}
    if content is None:
        # The response is not the service's own: a proxy or a load balancer sent it.
        kind = headers.get("Content-Type", "no content type")
        message = f"Response: found {len(response.content)} bytes of {kind}; expected a JSON object"
        raise ServerError(status, "MalformedAnswer", message, request_id)
    if status < 300:
        return content
    raise service_error(
        status,
        content.get("Code") or content.get("ErrorCode") or content.get("code") or "UnknownCode",
        content.get("Message") or content.get("message") or "no reason given",
        request_id or content.get("RequestId") or content.get("requestId") or "",
        _retry_after(headers),
        headers.get("Date"),
    )


def _json(response: requests.Response) -> dict[str, Any] | None:
    """Return the JSON object of the response, ``{}`` for an empty body, None for anything else.

    One operation responds with a bare array. It becomes ``Items``, as in all other lists.
    """
    if not response.content:
        return {}
    try:
        content = response.json()
    except (ValueError, RecursionError):
        return None
    if isinstance(content, list) and response.ok:
        return {"Items": content}
    return content if isinstance(content, dict) else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the service asks to wait. The vendor's own header has milliseconds."""
    for name, unit in (("x-acs-retry-after", 0.001), ("Retry-After", 1.0)):
        try:
            return float(headers[name]) * unit
        except (KeyError, ValueError):
            continue
    return None


def _log_retry(state: RetryCallState, method: str, target: str) -> None:
    error = state.outcome.exception() if state.outcome else None
    pause = state.next_action.sleep if state.next_action else 0
    log.warning(
        "%s %s failed (attempt %d), next attempt in %.1f s: %s",
        method,
        target.split("?")[0],
        state.attempt_number,
        pause,
        error,
    )
