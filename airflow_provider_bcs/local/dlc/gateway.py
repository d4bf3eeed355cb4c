"""Gateway of the PAI-DLC API: signatures, routing, and the format of responses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.responses import Response as HttpResponse

from airflow_provider_bcs.dlc.facts import MAX_BODY_SIZE
from airflow_provider_bcs.local.error_response import ErrorResponse
from airflow_provider_bcs.local.gateway import JsonGateway, JsonRoute, Refusals, json_response, request_id
from airflow_provider_bcs.local.request import Request
from airflow_provider_bcs.local.routes import NoRouteError, Response

from . import errors
from .verifier import Verifier

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest


def _throttled(seconds: float) -> ErrorResponse:
    wait = {"x-acs-retry-after": str(math.ceil(seconds * 1000))}
    return ErrorResponse(429, "Throttling.User", "Request was denied due to user flow control.", wait)


def _body_too_large(limit: int) -> ErrorResponse:
    return errors.invalid("body", f"It must have at most {limit} bytes.")


class DlcGateway(JsonGateway):
    """Gateway with ACS3 and ROA signatures; every response body is a JSON object with a RequestId."""

    max_body = MAX_BODY_SIZE
    refusals = Refusals(_throttled, _body_too_large)

    def __init__(self, routes: Sequence[JsonRoute], verifier: Verifier) -> None:
        super().__init__(routes)
        self._verifier = verifier

    def find(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[JsonRoute, Request]:
        self._verifier.verify(method, path, query, headers, body)
        try:
            route, request = self.route(method, path, dict(parse_qsl(query, keep_blank_values=True)), headers, body)
        except NoRouteError:
            # Operations of PAI-DLC that the local service lacks have the same error.
            raise errors.not_found(f"The operation {method} {path}") from None
        action = headers.get("x-acs-action", "")
        if action and f"dlc.{action}" != route.operation:
            reason = f"It must be {route.operation.removeprefix('dlc.')} for {method} {path}."
            raise errors.invalid("x-acs-action", reason)
        return route, request

    def render(self, response: Response) -> HttpResponse:
        return _response(response.status, response.body, response.headers)

    def render_error(self, error: ErrorResponse, http: HttpRequest) -> HttpResponse:
        body = {"Code": error.code, "Message": error.message, "HostId": http.headers.get("host", "")}
        return _response(error.status, body, error.headers)


def _response(status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> HttpResponse:
    identity = request_id()
    return json_response(status, {**body, "RequestId": identity}, {**headers, "x-acs-request-id": identity})
