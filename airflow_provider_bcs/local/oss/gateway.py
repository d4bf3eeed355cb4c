"""Gateway of the object store: signatures, routing, request bodies, and the format of responses."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response as HttpResponse

from airflow_provider_bcs.local.error_response import ErrorResponse
from airflow_provider_bcs.local.gateway import Gateway, Refusals, request_id
from airflow_provider_bcs.local.hosts import Hosts
from airflow_provider_bcs.local.request import host_name, joined_headers, raw_target, read_body
from airflow_provider_bcs.local.routes import Body

from . import document, errors
from .document import Element
from .received import Received
from .request import ObjectRequest, read_request
from .selection import ObjectRoute, find_operation
from .verifier import Verifier

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

_REQUEST_ID = "x-oss-request-id"
_MAX_DOCUMENT = 2 * 1024 * 1024
#: Bytes hashed and written at a time, in a worker thread: the event loop must not block.
_PIECE = 1 << 20


def _throttled(seconds: float) -> ErrorResponse:
    retry_after = {"Retry-After": str(math.ceil(seconds))}
    return ErrorResponse(503, "SlowDown", "Please reduce your request rate.", retry_after)


def _body_too_large(limit: int) -> ErrorResponse:
    return ErrorResponse(
        400, "EntityTooLarge", f"Your proposed upload exceeds the maximum allowed size, {limit} bytes."
    )


class ObjectGateway(Gateway[ObjectRequest, HttpResponse]):
    """Gateway with V1, V2 and V4 signatures, which do not cover the body.

    :param incoming: directory for request bodies that are being received
    :param hosts: host names of the service, which may have a bucket as first label
    """

    refusals = Refusals(_throttled, _body_too_large)

    def __init__(self, routes: Sequence[ObjectRoute], verifier: Verifier, incoming: Path, hosts: Hosts) -> None:
        super().__init__(routes)
        self._verifier = verifier
        self._incoming = incoming
        self._hosts = hosts

    async def receive(self, http: HttpRequest) -> tuple[ObjectRoute, ObjectRequest]:
        headers = joined_headers(http)
        request = read_request(http.method, *raw_target(http), headers, self._hosts.bucket(host_name(headers)))
        self._verifier.verify(request)
        return find_operation(self.routes, request), request

    async def receive_body(
        self, route: ObjectRoute, request: ObjectRequest, http: HttpRequest, stack: ExitStack
    ) -> None:
        if route.body is Body.FILE:
            request.received = stack.enter_context(Received(self._incoming))
            await _receive(http, request.received)
        elif route.body is Body.MEMORY:
            request.body = await read_body(http, _MAX_DOCUMENT, _body_too_large)

    def render(self, response: HttpResponse) -> HttpResponse:
        return response

    def render_error(self, error: ErrorResponse, http: HttpRequest) -> HttpResponse:
        """Return an error response; a response to HEAD has no body and carries the document in ``x-oss-err``."""
        if error.status == 304:
            return HttpResponse(status_code=304, headers=error.headers)
        host = http.headers.get("host", "")
        identity = request_id()
        elements: list[Element] = [
            ("Code", error.code),
            ("Message", error.message),
            ("RequestId", identity),
            ("HostId", host),
        ]
        if isinstance(error, errors.ObjectErrorResponse):
            elements += error.details.items()
        body = document.write("Error", elements)
        headers = {**error.headers, _REQUEST_ID: identity}
        if http.method == "HEAD":
            headers = {**headers, "x-oss-err": base64.b64encode(body).decode()}
        return HttpResponse(body, error.status, headers, media_type="application/xml")

    def finish(self, response: HttpResponse) -> None:
        response.headers.setdefault(_REQUEST_ID, request_id())


async def _receive(http: HttpRequest, content: Received) -> None:
    piece = bytearray()
    async for chunk in http.stream():
        piece += chunk
        if len(piece) >= _PIECE:
            await run_in_threadpool(content.write, bytes(piece))
            piece.clear()
    await run_in_threadpool(content.write, bytes(piece))
