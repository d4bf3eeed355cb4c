"""Errors of PAI-DLC.

PAI-DLC publishes no list of errors. The HTTP statuses of codes that are not general codes of the platform are
assumptions.
"""

from __future__ import annotations

from airflow_provider_bcs.dlc.facts import invalid_parameter, missing_parameter
from airflow_provider_bcs.local.api_error import ApiError


def not_found(what: str) -> ApiError:
    return ApiError(404, "NotFound", f"{what} is not found.")


def invalid(parameter: str, reason: str) -> ApiError:
    """Return InvalidParameter.

    :param reason: sentence for the message, such as ``It must be at least 1.``
    """
    return ApiError(400, *invalid_parameter(parameter, reason))


def missing(parameter: str) -> ApiError:
    return ApiError(400, *missing_parameter(parameter))


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)
