"""The error that an answer of a service, or a broken connection, stands for."""

from __future__ import annotations

import re
import ssl
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from airflow_provider_bcs.exceptions import (
    AccessDeniedError,
    ApiError,
    CertificateError,
    ClockSkewError,
    InvalidRequestError,
    NoAnswerError,
    NotFoundError,
    QuotaExhaustedError,
    RefusedKeysError,
    ServerError,
    ServiceError,
    StateConflictError,
    ThrottledError,
    TokenMismatchError,
    WaitAbortedError,
)

from .facts import MAX_CLOCK_SKEW

# A refused signature is answered with the text that was signed, and the token is part of it.
_SECURITY_TOKEN = re.compile(r"(x-acs-security-token:)[^\s\\]+")

#: Errors that may concern only what was asked for, and nothing else that could be asked for, unless it is the keys that
#: are refused; TypeError is what a client says of an id that can be none.
OWN_ERRORS = (NotFoundError, InvalidRequestError, AccessDeniedError, ServerError, WaitAbortedError, TypeError)


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


def tls_error(endpoint: str, error: Exception) -> ApiError:
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
