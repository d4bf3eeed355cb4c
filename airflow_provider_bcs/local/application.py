"""HTTP layer of the APIs: choice of the API, faults, and errors of handlers."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from .api_error import ApiError, internal_error
from .connection import close_without_response
from .control import PREFIX, Control
from .faults import Fault, Faults, play
from .front import Front
from .request import joined_headers
from .routes import Call, LateAnswer, Route
from .visitors import Visitors

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_log = logging.getLogger(__name__)
_DLC_PREFIX = "/api/v1/"


class Application:
    """ASGI application that dispatches requests to the operations of two APIs.

    :param visitors: check of the Host and Origin headers
    :param requests: counter of requests by operation
    :param elsewhere: names of the operations on another port, for ``/_local``
    """

    def __init__(
        self,
        batchcompute: Front,
        dlc: Front,
        visitors: Visitors,
        requests: Counter[str],
        faults: Faults,
        elsewhere: Collection[str],
    ) -> None:
        self._batchcompute = batchcompute
        self._dlc = dlc
        self._visitors = visitors
        self._requests = requests
        self._faults = faults
        operations = {route.operation for front in (batchcompute, dlc) for route in front.routes}
        self._control = Control(requests, faults, operations.union(elsewhere))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        if response is None:
            await close_without_response(scope, receive)
        else:
            await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response | None:
        """Return the response, or None to close the connection without a response."""
        target = _target(request)
        front = self._dlc if f"{target.partition('?')[0]}/".startswith(_DLC_PREFIX) else self._batchcompute
        headers = joined_headers(request)
        host = headers.get("host", "")
        try:
            self._visitors.check(headers)
            body = await _read_body(request, front)
            if target.startswith(PREFIX):
                return self._control.respond(request, body)
            route, call = front.receive(request.method, target, headers, body)
        except ApiError as error:
            return front.error(error, host)
        self._requests[route.operation] += 1
        return await self._serve(front, route, call, host)

    async def _serve(self, front: Front, route: Route, call: Call, host: str) -> Response | None:
        fault = self._faults.draw(route.operation)
        return await play(
            fault,
            lambda: _perform(front, route, call, host),
            lambda fault: _refusal(front, fault, host),
        )


async def _perform(front: Front, route: Route, call: Call, host: str) -> Response:
    found = await run_in_threadpool(_handle, front, route, call, host)
    if not isinstance(found, LateAnswer):
        return found
    try:
        return front.answer(await asyncio.wait_for(asyncio.wrap_future(found.answer), found.seconds))
    except asyncio.TimeoutError:
        return front.answer(found.otherwise)


def _handle(front: Front, route: Route, call: Call, host: str) -> Response | LateAnswer:
    try:
        answer = route.handler(call)
        return answer if isinstance(answer, LateAnswer) else front.answer(answer)
    except ApiError as error:
        return front.error(error, host)
    except Exception:  # the client must receive an error body for any exception
        _log.exception("%s failed", route.operation)
        return front.error(internal_error(), host)


def _target(request: Request) -> str:
    raw_path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return (raw_path + (b"?" + query if query else b"")).decode("latin-1")


async def _read_body(request: Request, front: Front) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > front.max_body:
            error = front.refusals.body_too_large(front.max_body)
            error.headers["Connection"] = "close"
            raise error
    return bytes(body)


def _refusal(front: Front, fault: Fault, host: str) -> Response:
    error = front.refusals.throttled(fault.seconds) if fault.kind == "throttle" else internal_error()
    return front.error(error, host)
