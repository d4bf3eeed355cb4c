"""HTTP layer of the APIs: choice of the API, faults, and errors of handlers."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse

from .connection import close_without_response
from .control import PREFIX, Control
from .error_response import ErrorResponse, internal_error
from .faults import Fault, Faults, play
from .gateway import Gateway
from .origins import OriginCheck
from .request import joined_headers
from .routes import PendingResponse, Request, Route

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_log = logging.getLogger(__name__)
_DLC_PREFIX = "/api/v1/"


class Application:
    """ASGI application that dispatches requests to the operations of two APIs.

    :param origins: check of the Host and Origin headers
    :param requests: counter of requests by operation
    :param elsewhere: names of the operations on another port, for ``/_local``
    """

    def __init__(
        self,
        batchcompute: Gateway,
        dlc: Gateway,
        origins: OriginCheck,
        requests: Counter[str],
        faults: Faults,
        elsewhere: Collection[str],
    ) -> None:
        self._batchcompute = batchcompute
        self._dlc = dlc
        self._origins = origins
        self._requests = requests
        self._faults = faults
        operations = {route.operation for gateway in (batchcompute, dlc) for route in gateway.routes}
        self._control = Control(requests, faults, operations.union(elsewhere))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = HttpRequest(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        if response is None:
            await close_without_response(scope, receive)
        else:
            await response(scope, receive, send)

    async def _respond(self, http: HttpRequest) -> HttpResponse | None:
        """Return the response, or None to close the connection without a response."""
        target = _target(http)
        gateway = self._dlc if f"{target.partition('?')[0]}/".startswith(_DLC_PREFIX) else self._batchcompute
        headers = joined_headers(http)
        host = headers.get("host", "")
        try:
            self._origins.check(headers)
            body = await _read_body(http, gateway)
            if target.startswith(PREFIX):
                return self._control.respond(http, body)
            route, request = gateway.receive(http.method, target, headers, body)
        except ErrorResponse as error:
            return gateway.render_error(error, host)
        self._requests[route.operation] += 1
        return await self._serve(gateway, route, request, host)

    async def _serve(self, gateway: Gateway, route: Route, request: Request, host: str) -> HttpResponse | None:
        fault = self._faults.draw(route.operation)
        return await play(
            fault,
            lambda: _perform(gateway, route, request, host),
            lambda fault: _refusal(gateway, fault, host),
        )


async def _perform(gateway: Gateway, route: Route, request: Request, host: str) -> HttpResponse:
    found = await run_in_threadpool(_handle, gateway, route, request, host)
    if not isinstance(found, PendingResponse):
        return found
    try:
        return gateway.render(await asyncio.wait_for(asyncio.wrap_future(found.response), found.seconds))
    except asyncio.TimeoutError:
        return gateway.render(found.otherwise)


def _handle(gateway: Gateway, route: Route, request: Request, host: str) -> HttpResponse | PendingResponse:
    try:
        response = route.handler(request)
        return response if isinstance(response, PendingResponse) else gateway.render(response)
    except ErrorResponse as error:
        return gateway.render_error(error, host)
    except Exception:  # the client must receive an error body for any exception
        _log.exception("%s failed", route.operation)
        return gateway.render_error(internal_error(), host)


def _target(request: HttpRequest) -> str:
    raw_path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return (raw_path + (b"?" + query if query else b"")).decode("latin-1")


async def _read_body(request: HttpRequest, gateway: Gateway) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > gateway.max_body:
            error = gateway.refusals.body_too_large(gateway.max_body)
            error.headers["Connection"] = "close"
            raise error
    return bytes(body)


def _refusal(gateway: Gateway, fault: Fault, host: str) -> HttpResponse:
    error = gateway.refusals.throttled(fault.seconds) if fault.kind == "throttle" else internal_error()
    return gateway.render_error(error, host)
