"""Gateway of the BatchCompute API: signatures, routing, and the format of responses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.responses import Response as HttpResponse

from airflow_provider_bcs.batchcompute.facts import API_VERSION, MAX_BODY_SIZE
from airflow_provider_bcs.local.error_response import ErrorResponse, invalid, not_found
from airflow_provider_bcs.local.gateway import JsonGateway, JsonRoute, Refusals, json_response, request_id
from airflow_provider_bcs.local.request import Request
from airflow_provider_bcs.local.routes import NoRouteError, Response

from .verifier import Verifier

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest


def _throttled(seconds: float) -> ErrorResponse:
    retry_after = {"Retry-After": str(math.ceil(seconds))}
    return ErrorResponse(503, "Throttling", "Request was denied due to request throttling.", retry_after)


def _body_too_large(limit: int) -> ErrorResponse:
    # The limit is documented; the error is an assumption.
    return invalid("HttpBody", f"Its size must be in [0, {limit}].")


class BatchComputeGateway(JsonGateway):
    """Gateway with ROA signatures; the RequestId is only in the header ``x-acs-request-id``."""

    max_body = MAX_BODY_SIZE
    refusals = Refusals(_throttled, _body_too_large)

    def __init__(self, routes: Sequence[JsonRoute], verifier: Verifier) -> None:
        super().__init__(routes)
        self._verifier = verifier

    def find(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[JsonRoute, Request]:
        self._verifier.verify(method, f"{path}?{query}" if query else path, headers)
        try:
            return self.route(method, path, _parse_query(query), headers, body)
        except NoRouteError as error:
            if error.is_known_path:
                message = "The request http method is not supported for this resource."
                raise ErrorResponse(400, "MethodNotAllowed", message) from None
            raise not_found() from None

    def render(self, response: Response) -> HttpResponse:
        common = {"x-acs-request-id": request_id(), "x-acs-version": API_VERSION}
        return json_response(response.status, response.body, {**common, **response.headers})

    def render_error(self, error: ErrorResponse, http: HttpRequest) -> HttpResponse:
        return self.render(Response(error.status, {"Code": error.code, "Message": error.message}, error.headers))


def _parse_query(text: str) -> dict[str, str]:
    """Return the parameters of a query string; ``+`` stands for itself, as in the string that clients sign."""
    pairs = (pair.partition("=") for pair in text.split("&") if pair)
    return {unquote(name): unquote(value) for name, _, value in pairs}
