"""Gateway of the BatchCompute API: signatures, routing, and the format of responses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from starlette.responses import Response

from airflow_provider_bcs.batchcompute.facts import API_VERSION, MAX_BODY_SIZE
from airflow_provider_bcs.local.api_error import ApiError, invalid, not_found
from airflow_provider_bcs.local.front import Front, Refusals, json_response, request_id
from airflow_provider_bcs.local.routes import Answer, Call, NoRouteError, Route, find_route, parse_query

from .verifier import Verifier


def _throttled(seconds: float) -> ApiError:
    retry_after = {"Retry-After": str(math.ceil(seconds))}
    return ApiError(503, "Throttling", "Request was denied due to request throttling.", retry_after)


def _body_too_large(limit: int) -> ApiError:
    # The limit is documented; the error is an assumption.
    return invalid("HttpBody", f"Its size must be in [0, {limit}].")


class BatchComputeFront(Front):
    """Gateway with ROA signatures; the RequestId is only in the header ``x-acs-request-id``."""

    max_body = MAX_BODY_SIZE
    refusals = Refusals(_throttled, _body_too_large)

    def __init__(self, routes: Sequence[Route], verifier: Verifier) -> None:
        self.routes = routes
        self._verifier = verifier

    def receive(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[Route, Call]:
        path, _, query_text = target.partition("?")
        query = parse_query(query_text)
        self._verifier.verify(method, target, headers)
        try:
            route, names = find_route(self.routes, method, path, query)
        except NoRouteError as error:
            if error.is_known_path:
                message = "The request http method is not supported for this resource."
                raise ApiError(400, "MethodNotAllowed", message) from None
            raise not_found() from None
        return route, Call(names, query, body)

    def answer(self, answer: Answer) -> Response:
        common = {"x-acs-request-id": request_id(), "x-acs-version": API_VERSION}
        return json_response(answer.status, answer.body, {**common, **answer.headers})

    def error(self, error: ApiError, host: str) -> Response:
        return self.answer(Answer(error.status, {"Code": error.code, "Message": error.message}, error.headers))
