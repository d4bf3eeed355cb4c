"""Gateway of the BatchCompute API: signatures, routing, and the format of responses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from starlette.responses import Response as HttpResponse

from airflow_provider_bcs.batchcompute.facts import API_VERSION, MAX_BODY_SIZE
from airflow_provider_bcs.local.error_response import ErrorResponse, invalid, not_found
from airflow_provider_bcs.local.gateway import Gateway, Refusals, json_response, request_id
from airflow_provider_bcs.local.routes import NoRouteError, Request, Response, Route, find_route, parse_query

from .verifier import Verifier


def _throttled(seconds: float) -> ErrorResponse:
    retry_after = {"Retry-After": str(math.ceil(seconds))}
    return ErrorResponse(503, "Throttling", "Request was denied due to request throttling.", retry_after)


def _body_too_large(limit: int) -> ErrorResponse:
    # The limit is documented; the error is an assumption.
    return invalid("HttpBody", f"Its size must be in [0, {limit}].")


class BatchComputeGateway(Gateway):
    """Gateway with ROA signatures; the RequestId is only in the header ``x-acs-request-id``."""

    max_body = MAX_BODY_SIZE
    refusals = Refusals(_throttled, _body_too_large)

    def __init__(self, routes: Sequence[Route], verifier: Verifier) -> None:
        self.routes = routes
        self._verifier = verifier

    def receive(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[Route, Request]:
        path, _, query_text = target.partition("?")
        query = parse_query(query_text)
        self._verifier.verify(method, target, headers)
        try:
            route, names = find_route(self.routes, method, path, query)
        except NoRouteError as error:
            if error.is_known_path:
                message = "The request http method is not supported for this resource."
                raise ErrorResponse(400, "MethodNotAllowed", message) from None
            raise not_found() from None
        return route, Request(names, query, body)

    def render(self, response: Response) -> HttpResponse:
        common = {"x-acs-request-id": request_id(), "x-acs-version": API_VERSION}
        return json_response(response.status, response.body, {**common, **response.headers})

    def render_error(self, error: ErrorResponse, host: str) -> HttpResponse:
        return self.render(Response(error.status, {"Code": error.code, "Message": error.message}, error.headers))
