"""The errors of DLC that more than one operation answers.

The service publishes no list of its own; where a code is not one of the platform's general ones its HTTP status
is an assumption.
"""

from __future__ import annotations

from airflow_provider_bcs.dlc.facts import invalid_parameter, missing_parameter
from airflow_provider_bcs.local.api_error import ApiError


def not_found(what: str) -> ApiError:
    return ApiError(404, "NotFound", f"{what} is not found.")


def invalid(parameter: str, reason: str) -> ApiError:
    """:param reason: a sentence such as ``It must be at least 1.``"""
    return ApiError(400, *invalid_parameter(parameter, reason))


def missing(parameter: str) -> ApiError:
    return ApiError(400, *missing_parameter(parameter))


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)
