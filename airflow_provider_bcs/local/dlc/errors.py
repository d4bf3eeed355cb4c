"""Errors of PAI-DLC.

PAI-DLC publishes no list of errors. The HTTP statuses of codes that are not general codes of the platform are
assumptions.
"""

from __future__ import annotations

from airflow_provider_bcs.dlc.facts import invalid_parameter, missing_parameter
from airflow_provider_bcs.local.error_response import ErrorResponse


def not_found(what: str) -> ErrorResponse:
    return ErrorResponse(404, "NotFound", f"{what} is not found.")


def invalid(parameter: str, reason: str) -> ErrorResponse:
    """Return InvalidParameter.

    :param reason: sentence for the message, such as ``It must be at least 1.``
    """
    return ErrorResponse(400, *invalid_parameter(parameter, reason))


def missing(parameter: str) -> ErrorResponse:
    return ErrorResponse(400, *missing_parameter(parameter))


def bad_request(message: str) -> ErrorResponse:
    return ErrorResponse(400, "BadRequest", message)
