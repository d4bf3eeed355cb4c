"""Error responses of the local service."""

from __future__ import annotations

from airflow_provider_bcs.batchcompute import facts
from airflow_provider_bcs.http.facts import invalid_parameter, missing_parameter


class ErrorResponse(Exception):  # noqa: N818 - a response that a handler raises
    """Error response of an operation.

    :ivar status: HTTP status
    :ivar code: error code of the API
    :ivar message: error message of the API
    :ivar headers: additional response headers
    """

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def not_found() -> ErrorResponse:
    return ErrorResponse(404, "InvalidResource.NotFound", "Specified resource is not found.")


def invalid(parameter: str, reason: str = "") -> ErrorResponse:
    """Return ``Invalid{Parameter}``.

    :param reason: sentence for the message, such as ``It must be in [0, 100].``
    """
    return ErrorResponse(400, *invalid_parameter(parameter, reason))


def missing(parameter: str) -> ErrorResponse:
    return ErrorResponse(400, *missing_parameter(parameter))


def state_conflict(state: str) -> ErrorResponse:
    message = f"User operation is invalid. The current resource state is {state}."
    return ErrorResponse(409, "StateConflict", message)


def quota_exhausted(name: str, value: int) -> ErrorResponse:
    return ErrorResponse(403, *facts.quota_exhausted(name, value))


def internal_error() -> ErrorResponse:
    message = "The request processing has been failed due to some unknown error."
    return ErrorResponse(500, "InternalError", message)
