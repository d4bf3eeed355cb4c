"""HTTP layer of the object store."""

from __future__ import annotations

import base64
import logging
import math
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse

from airflow_provider_bcs.local.connection import close_without_response
from airflow_provider_bcs.local.error_response import ErrorResponse, internal_error
from airflow_provider_bcs.local.faults import Fault, Faults, play
from airflow_provider_bcs.local.gateway import request_id
from airflow_provider_bcs.local.origins import OriginCheck
from airflow_provider_bcs.local.request import joined_headers

from . import document
from .operations import Body, Operation, find_operation
from .received import Received
from .request import ObjectRequest, read_request
from .verifier import Verifier

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

_log = logging.getLogger(__name__)
_MAX_DOCUMENT = 2 * 1024 * 1024
#: Bytes hashed and written at a time, in a worker thread: the event loop must not block.
_PIECE = 1 << 20


class ObjectStoreApplication:
    """ASGI application that dispatches requests to the table of operations.

    :param incoming: directory for request bodies that are being received
    :param origins: check of the Host and Origin headers
    :param requests: counter of requests by operation
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        verifier: Verifier,
        incoming: Path,
        origins: OriginCheck,
        requests: Counter[str],
        faults: Faults,
    ) -> None:
        self._operations = operations
        self._verifier = verifier
        self._incoming = incoming
        self._origins = origins
        self._requests = requests
        self._faults = faults

    @property
    def operations(self) -> set[str]:
        """Names of the operations in faults and in request counts."""
        return {operation.full_name for operation in self._operations}

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
            return
        response.headers["x-oss-request-id"] = request_id()
        await response(scope, receive, send)

    async def _respond(self, request: HttpRequest) -> HttpResponse | None:
        """Return the response, or None to close the connection without a response."""
        raw_path: bytes = request.scope["raw_path"]
        query: bytes = request.scope["query_string"]
        try:
            headers = joined_headers(request)
            self._origins.check(headers)
            asked = read_request(request.method, raw_path.decode("latin-1"), query.decode("latin-1"), headers)
            self._verifier.verify(asked)
            operation = find_operation(self._operations, asked)
        except ErrorResponse as error:
            return _refusal(error, request)
        self._requests[operation.full_name] += 1
        fault = self._faults.draw(operation.full_name)
        return await play(fault, lambda: self._serve(operation, asked, request), lambda fault: _faulty(fault, request))

    async def _serve(self, operation: Operation, asked: ObjectRequest, request: HttpRequest) -> HttpResponse:
        with ExitStack() as stack:
            try:
                if operation.body is Body.CONTENT:
                    asked.received = stack.enter_context(Received(self._incoming))
                    await _receive(request, asked.received)
                elif operation.body is Body.DOCUMENT:
                    asked.body = await _read(request)
                return await run_in_threadpool(operation.handler, asked)
            except ErrorResponse as error:
                return _refusal(error, request)
            except ClientDisconnect:
                raise
            except Exception:  # the client must receive an error body for any exception
                _log.exception("%s failed", operation.full_name)
                return _refusal(internal_error(), request)


async def _receive(request: HttpRequest, content: Received) -> None:
    piece = bytearray()
    async for chunk in request.stream():
        piece += chunk
        if len(piece) >= _PIECE:
            await run_in_threadpool(content.write, bytes(piece))
            piece.clear()
    await run_in_threadpool(content.write, bytes(piece))


async def _read(request: HttpRequest) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_DOCUMENT:
            message = f"The body has more than {_MAX_DOCUMENT} bytes."
            raise ErrorResponse(400, "EntityTooLarge", message, {"Connection": "close"})
    return bytes(body)


def _refusal(error: ErrorResponse, request: HttpRequest) -> HttpResponse:
    """Return an error response; a response to HEAD has no body and carries the document in ``x-oss-err``."""
    if error.status == 304:
        return HttpResponse(status_code=304, headers=error.headers)
    host = request.headers.get("host", "")
    body = document.write("Error", [("Code", error.code), ("Message", error.message), ("HostId", host)])
    headers = error.headers
    if request.method == "HEAD":
        headers = {**headers, "x-oss-err": base64.b64encode(body).decode()}
    return HttpResponse(body, error.status, headers, media_type="application/xml")


def _faulty(fault: Fault, request: HttpRequest) -> HttpResponse:
    if fault.kind == "error-500":
        return _refusal(internal_error(), request)
    message = "Please reduce your request rate."
    return _refusal(ErrorResponse(503, "SlowDown", message, {"Retry-After": str(math.ceil(fault.seconds))}), request)
