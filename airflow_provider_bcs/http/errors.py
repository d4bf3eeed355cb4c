"""What can go wrong between us and a service.

The tree: OpenApiError
 - MissingCredentialsError: no keys to sign with
 - CertificateError: what answered is not known to be the service
 - NoAnswerError: no answer arrived
 - MissingConnectionError: nobody knows, for now, where to ask and with which keys
 - HopelessWaitError: what is waited for cannot happen any more
 - ServiceError: the service answered with an error; has status, code, message, request id
    - InvalidRequestError, AccessDeniedError (- RefusedKeysError - ClockSkewError), NotFoundError, StateConflictError,
      QuotaExhaustedError, TokenMismatchError, ThrottledError, ServerError
"""

from __future__ import annotations

import re
import ssl
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

# A refused signature is answered with the text that was signed, and the token is part of it.
_SECURITY_TOKEN = re.compile(r"(x-acs-security-token:)[^\s\\]+")

#: The service refuses requests whose date is further off than this.
MAX_CLOCK_SKEW = timedelta(minutes=15)


class OpenApiError(Exception):
    """The base of all errors of the services."""


class MissingCredentialsError(OpenApiError):
    """No keys were given and the default credential chain found none, or could not renew them now."""


class CertificateError(OpenApiError):
    """The TLS certificate was not accepted, so nothing was sent."""


class NoAnswerError(OpenApiError):
    """No answer arrived: no connection, a time-out, a connection that ended too early, or not known where to ask.

    :ivar never_sent: whether the request certainly did not reach the service
    """

    def __init__(self, text: str, *, never_sent: bool = False) -> None:
        super().__init__(text)
        self.never_sent = never_sent


class MissingConnectionError(OpenApiError):
    """What says where to ask and with which keys is not there, as far as can be told now."""


class HopelessWaitError(OpenApiError):
    """What is waited for cannot happen any more."""


class ServiceError(OpenApiError):
    """The service answered with an error.

    :ivar status: HTTP status
    :ivar code: the service's error code
    :ivar message: the service's text
    :ivar request_id: what the service's support asks for; may be empty
    :ivar retry_after: seconds the service asks to wait, or None
    :ivar attempts: how often the request was sent before this answer was taken for final
    """

    attempts = 1

    def __init__(
        self, status: int, code: str, message: str, request_id: str = "", retry_after: float | None = None
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.retry_after = retry_after
        super().__init__(status, code, message, request_id, retry_after)

    def __str__(self) -> str:
        request = f", request {self.request_id}" if self.request_id else ""
        return f"{self.code}: {self.message} (HTTP {self.status}{request})"


class InvalidRequestError(ServiceError):
    """The request is wrong and will stay wrong: codes Invalid..., Missing..., BadDAG and the like."""


class AccessDeniedError(ServiceError):
    """The user lacks a permission, or :class:`RefusedKeysError`."""


class RefusedKeysError(AccessDeniedError):
    """The keys are unknown or have ended, or the signature does not match: nothing that they sign is accepted."""


class ClockSkewError(RefusedKeysError):
    """This machine's clock is further off the service's than the service allows."""


class NotFoundError(ServiceError):
    """There is no such resource, or no longer."""


class StateConflictError(ServiceError):
    """The operation is not allowed in the resource's current state."""


class QuotaExhaustedError(ServiceError):
    """A limit of the account is reached."""


class TokenMismatchError(ServiceError):
    """An idempotent token was used before, with other content."""


class ThrottledError(ServiceError):
    """The service has too many requests; this one was not carried out."""


class ServerError(ServiceError):
    """The service failed; whether the request was carried out is not known."""


#: Errors that may concern only what was asked for, and nothing else that could be asked for, unless it is the keys that
#: are refused; TypeError is what a client says of an id that can be none.
OWN_ERRORS = (NotFoundError, InvalidRequestError, AccessDeniedError, ServerError, HopelessWaitError, TypeError)


def service_error(
    status: int,
    code: str,
    message: str,
    request_id: str = "",
    retry_after: float | None = None,
    date: str | None = None,
) -> ServiceError:
    """Return the error object for an answer of the service.

    :param date: the ``Date`` header of the answer, to tell a wrong clock from wrong keys
    """
    code, message = str(code), _SECURITY_TOKEN.sub(r"\1***", str(message))
    kind = _kind(status, code)
    skew = _clock_skew(date)
    if skew is not None and issubclass(kind, (AccessDeniedError, InvalidRequestError)):
        kind = ClockSkewError
        minutes = skew.total_seconds() / 60
        direction = "ahead of" if minutes > 0 else "behind"
        message = (
            f"This machine's clock is {abs(minutes):.0f} minutes {direction} the service's,"
            f" which accepts at most {MAX_CLOCK_SKEW.seconds // 60}; set the clock. The service said: {message}"
        )
    elif "Signature" in code:
        message = f"Most likely the AccessKey secret is wrong. The service said: {message}"
    return kind(status, code, message, request_id, retry_after)


def redirect_error(status: int, location: str | None) -> ServiceError:
    """Return the error for a redirect: a signature is for one host, and following would hand it to another."""
    return service_error(status, "UnexpectedRedirect", f"{location or 'nowhere'} is not followed; check the endpoint")


def _kind(status: int, code: str) -> type[ServiceError]:
    by_code: tuple[tuple[str, type[ServiceError]], ...] = (
        ("Throttling", ThrottledError),
        ("IdempotentTokenMismatch", TokenMismatchError),
        ("QuotaExhausted", QuotaExhaustedError),
        ("StateConflict", StateConflictError),
        ("InvalidAccessKeyId", RefusedKeysError),
        ("InvalidSecurityToken", RefusedKeysError),
        ("InvalidTimeStamp", RefusedKeysError),
        ("Forbidden", AccessDeniedError),
        ("NoPermission", AccessDeniedError),
        ("NotFound", NotFoundError),
        ("InternalError", ServerError),
    )
    for start, kind in by_code:
        if code.startswith(start):
            return kind
    if any(word in code for word in ("Signature", "Authorization", "SecurityToken")):
        return RefusedKeysError
    by_status: dict[int, type[ServiceError]] = {
        401: RefusedKeysError,
        403: AccessDeniedError,
        404: NotFoundError,
        409: StateConflictError,
        429: ThrottledError,
    }
    if status >= 500:
        return ServerError
    return by_status.get(status, InvalidRequestError)


def tls_error(endpoint: str, error: Exception) -> OpenApiError:
    """Return the error for a connection that TLS could not be spoken on.

    :param error: any exception whose chain of causes may tell that it was the certificate
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        arguments = [*cause.args, getattr(cause, "reason", None)]
        inner = next((found for found in arguments if isinstance(found, BaseException)), None)
        cause = inner or cause.__cause__ or cause.__context__
    if cause is not None:
        return CertificateError(f"{endpoint}: the TLS certificate was not accepted: {error}")
    return NoAnswerError(f"{endpoint} did not answer: {error}")


def _clock_skew(date: str | None) -> timedelta | None:
    """Return how far this machine's clock is ahead, or None when that is within what the service allows."""
    try:
        there = parsedate_to_datetime(date or "")
    except (ValueError, OverflowError):
        return None
    skew = datetime.now(timezone.utc) - there.replace(tzinfo=there.tzinfo or timezone.utc)
    return skew if abs(skew) > MAX_CLOCK_SKEW else None
