"""The HTTP side of the service: signature, faults, routing, and the form of every answer."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from airflow_provider_bcs.openapi.roa import API_VERSION

from .api_error import ApiError, internal_error
from .batchcompute.verifier import Verifier
from .connection import close_without_answer
from .control import PREFIX, Control
from .faults import Fault, Faults
from .routes import Answer, Call, Route, find_route, parse_query

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_log = logging.getLogger(__name__)
_MAX_BODY_BYTES = 256 * 1024


class Application:
    """An ASGI application over a table of operations."""

    def __init__(self, routes: Sequence[Route], verifier: Verifier) -> None:
        self._routes = routes
        self._verifier = verifier
        self._requests: Counter[str] = Counter()
        self._faults = Faults()
        self._control = Control(self._requests, self._faults, {route.operation for route in routes})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        if response is None:
            await close_without_answer(scope, receive)
        else:
            await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response | None:
        """Return the response, None to close the connection without one."""
        target = _target(request)
        path, _, query_text = target.partition("?")
        try:
            body = await _read_body(request)
            if path.startswith(PREFIX):
                return self._control.answer(request, body)
            query = parse_query(query_text)
            self._verifier.verify(request.method, target, request.headers)
            route, names = find_route(self._routes, request.method, path, query)
        except ApiError as error:
            return _error_response(error)
        self._requests[route.operation] += 1
        return await self._serve(route, Call(names, query, body))

    async def _serve(self, route: Route, call: Call) -> Response | None:
        fault = self._faults.draw(route.operation)
        kind = fault.kind if fault else ""
        if fault and kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault and kind in ("error-500", "throttle", "garbage"):
            return _fault_response(fault)
        response = None if kind == "drop-before" else await run_in_threadpool(_handle, route, call)
        return None if kind == "drop-after" else response


def _handle(route: Route, call: Call) -> Response:
    try:
        return _response(route.handler(call))
    except ApiError as error:
        return _error_response(error)
    except Exception:  # a client must get the service's error body whatever happens here
        _log.exception("%s failed", route.operation)
        return _error_response(internal_error())


def _target(request: Request) -> str:
    raw_path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return (raw_path + (b"?" + query if query else b"")).decode("latin-1")


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            # The limit is documented, the answer is not: an assumption.
            message = f"Specified parameter HttpBody is not valid. Its size must be in [0, {_MAX_BODY_BYTES}]."
            raise ApiError(400, "InvalidHttpBody", message, {"Connection": "close"})
    return bytes(body)


def _response(answer: Answer) -> Response:
    content = b"" if answer.body is None else json.dumps(answer.body).encode()
    response = Response(content, answer.status, dict(answer.headers), media_type="application/json")
    response.headers["x-acs-request-id"] = str(uuid.uuid4()).upper()
    response.headers["x-acs-version"] = API_VERSION
    return response


def _error_response(error: ApiError) -> Response:
    return _response(Answer(error.status, {"Code": error.code, "Message": error.message}, error.headers))


def _fault_response(fault: Fault) -> Response:
    if fault.kind == "error-500":
        return _error_response(internal_error())
    if fault.kind == "throttle":
        retry_after = {"Retry-After": str(math.ceil(fault.seconds))}
        return _error_response(
            ApiError(503, "Throttling", "Request was denied due to request throttling.", retry_after)
        )
    return Response(b"<html>upstream", 200, media_type="text/html")
