"""Mapping of error responses and broken connections to exceptions."""

from __future__ import annotations

import logging
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

log = logging.getLogger(__name__)

# The response to a wrong signature repeats the signed text, which contains the security token.
_SECURITY_TOKEN = re.compile(r"(x-acs-security-token:)[^\s\\]+")
_SIGNED_TEXT = re.compile(
    r"[\s,;:]*(?:\bthe )?(?:\bserver(?:'s)? *)?(?:\bstring[ -]*to[ -]*sign|\bcanonical[ -]*request)\b.*",
    re.IGNORECASE | re.DOTALL,
)

#: Errors that may concern one target only, so that polling of other targets can go on. A client raises TypeError for an
#: id that cannot be one. RefusedKeysError, a subclass of AccessDeniedError, concerns all targets.
OWN_ERRORS = (NotFoundError, InvalidRequestError, AccessDeniedError, ServerError, WaitAbortedError, TypeError)


def service_error(
    status: int,
    code: str,
    message: str,
    request_id: str = "",
    retry_after: float | None = None,
    date: str | None = None,
) -> ServiceError:
    """Return the exception for an error response.

    :param status: HTTP status
    :param code: error code of the response
    :param message: message of the response
    :param request_id: request id of the response; empty for none
    :param retry_after: seconds that the service asks to wait; None for no such header
    :param date: ``Date`` header of the response; it shows whether this machine's clock is wrong

    >>> service_error(404, "InvalidResource.NotFound", "no such job")
    NotFoundError(404, 'InvalidResource.NotFound', 'no such job', '', None)
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
            f" which accepts at most {MAX_CLOCK_SKEW.seconds // 60}; set the clock. The service's message: {message}"
        )
    elif "Signature" in code:
        shown = _SIGNED_TEXT.sub("", message)
        if shown != message:
            # The text is long, and helps only to debug a client.
            log.debug("The service's answer to a signature that does not match: %s", message)
        message = f"Most likely the AccessKey secret is wrong. The service's message: {shown}"
    return kind(status, code, message, request_id, retry_after)


def redirect_error(status: int, location: str | None) -> ServiceError:
    """Return the exception for a redirect. Following it would send the signature to another host."""
    return service_error(
        status, "UnexpectedRedirect", f"The redirect to {location or 'nowhere'} is not followed; check the endpoint"
    )


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
    """Return the exception for a failed TLS handshake.

    :param endpoint: URL of the service
    :param error: exception of the HTTP library; a certificate error may be anywhere in its chain of causes
    :return: CertificateError or NoAnswerError
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        arguments = [*cause.args, getattr(cause, "reason", None)]
        inner = next((found for found in arguments if isinstance(found, BaseException)), None)
        cause = inner or cause.__cause__ or cause.__context__
    if cause is not None:
        reason = getattr(cause, "verify_message", "") or cause
        return CertificateError(
            f"{endpoint}: the TLS certificate was not accepted: {str(reason).rstrip('.')}. For a certificate of an"
            " authority of your own, give the path of its CA bundle as verify."
        )
    return NoAnswerError(f"{endpoint} did not answer: {error}")


def _clock_skew(date: str | None) -> timedelta | None:
    """Return how far this machine's clock is ahead; None when the service accepts the difference."""
    try:
        there = parsedate_to_datetime(date or "")
    except (ValueError, OverflowError):
        return None
    skew = datetime.now(timezone.utc) - there.replace(tzinfo=there.tzinfo or timezone.utc)
    return skew if abs(skew) > MAX_CLOCK_SKEW else None
