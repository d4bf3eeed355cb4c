"""Error responses of the local service."""

from __future__ import annotations

from airflow_provider_bcs.batchcompute import facts
from airflow_provider_bcs.http.facts import invalid_parameter, missing_parameter


class ApiError(Exception):
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


def not_found() -> ApiError:
    return ApiError(404, "InvalidResource.NotFound", "Specified resource is not found.")


def invalid(parameter: str, reason: str = "") -> ApiError:
    """Return ``Invalid{Parameter}``.

    :param reason: sentence for the message, such as ``It must be in [0, 100].``
    """
    return ApiError(400, *invalid_parameter(parameter, reason))


def missing(parameter: str) -> ApiError:
    return ApiError(400, *missing_parameter(parameter))


def state_conflict(state: str) -> ApiError:
    message = f"User operation is invalid. The current resource state is {state}."
    return ApiError(409, "StateConflict", message)


def quota_exhausted(name: str, value: int) -> ApiError:
    return ApiError(403, *facts.quota_exhausted(name, value))


def internal_error() -> ApiError:
    message = "The request processing has been failed due to some unknown error."
    return ApiError(500, "InternalError", message)
