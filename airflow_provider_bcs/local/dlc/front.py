"""Gateway of the PAI-DLC API: signatures, routing, and the format of responses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import Response

from airflow_provider_bcs.dlc.facts import MAX_BODY_SIZE
from airflow_provider_bcs.local.api_error import ApiError
from airflow_provider_bcs.local.front import Front, Refusals, json_response, request_id
from airflow_provider_bcs.local.routes import Answer, Call, NoRouteError, Route, find_route

from . import errors
from .verifier import Verifier


def _throttled(seconds: float) -> ApiError:
    wait = {"x-acs-retry-after": str(math.ceil(seconds * 1000))}
    return ApiError(429, "Throttling.User", "Request was denied due to user flow control.", wait)


def _body_too_large(limit: int) -> ApiError:
    return errors.invalid("body", f"It must have at most {limit} bytes.")


class DlcFront(Front):
    """Gateway with ACS3 signatures; every response body is a JSON object with a RequestId."""

    max_body = MAX_BODY_SIZE
    refusals = Refusals(_throttled, _body_too_large)

    def __init__(self, routes: Sequence[Route], verifier: Verifier) -> None:
        self.routes = routes
        self._verifier = verifier

    def receive(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[Route, Call]:
        path, _, query = target.partition("?")
        self._verifier.verify(method, path, query, headers, body)
        parameters = dict(parse_qsl(query, keep_blank_values=True))
        try:
            route, names = find_route(self.routes, method, path, parameters)
        except NoRouteError:
            # Operations of PAI-DLC that the local service lacks have the same error.
            raise errors.not_found(f"The operation {method} {path}") from None
        action = headers.get("x-acs-action", "")
        if action and f"dlc.{action}" != route.operation:
            reason = f"It must be {route.operation.removeprefix('dlc.')} for {method} {path}."
            raise errors.invalid("x-acs-action", reason)
        return route, Call(names, parameters, body)

    def answer(self, answer: Answer) -> Response:
        return _response(answer.status, answer.body, answer.headers)

    def error(self, error: ApiError, host: str) -> Response:
        body = {"Code": error.code, "Message": error.message, "HostId": host}
        return _response(error.status, body, error.headers)


def _response(status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    identity = request_id()
    return json_response(status, {**body, "RequestId": identity}, {**headers, "x-acs-request-id": identity})
