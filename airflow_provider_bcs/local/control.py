"""Requests below ``/_local``, unsigned, on the loopback address only: request counts, faults, pages of jobs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response

from airflow_provider_bcs.http.job_page import JOB_PAGES
from airflow_provider_bcs.http.loopback import is_loopback

from .error_response import ErrorResponse
from .faults import Faults, parse_faults
from .pages.pages import Pages
from .request import host_name, raw_target, read_body

if TYPE_CHECKING:
    from starlette.requests import Request

PREFIX = "/_local/"
_MAX_BODY = 1 << 20


class Control:
    """Handler of requests below ``/_local``.

    :param requests: counter of requests by operation
    :param operations: names of the operations that faults may name
    :param pages: pages for people, each behind a token
    """

    def __init__(self, requests: Counter[str], faults: Faults, operations: Collection[str], pages: Pages) -> None:
        self._requests = requests
        self._faults = faults
        self._operations = operations
        self._pages = pages

    async def respond(self, request: Request, too_large: Callable[[int], ErrorResponse]) -> Response:
        body = await read_body(request, _MAX_BODY, too_large)
        if not _is_local(request):
            return PlainTextResponse("/_local is available on the loopback address only.", 403)
        path, _ = raw_target(request)
        if path.startswith(JOB_PAGES):
            return await run_in_threadpool(self._pages.respond, request.method, path)
        if (request.method, request.url.path) == ("GET", f"{PREFIX}requests"):
            return JSONResponse(dict(self._requests))
        if (request.method, request.url.path) == ("POST", f"{PREFIX}faults"):
            try:
                document = json.loads(body)
                self._faults.replace(parse_faults(document, self._operations))
            except (ValueError, RecursionError) as error:
                return PlainTextResponse(f"{error}\n", 400)
            return JSONResponse(document)
        return PlainTextResponse("Expected GET /_local/requests or POST /_local/faults.", 404)


def _is_local(request: Request) -> bool:
    """Tell whether both the peer and the Host header are loopback; with --host, the service accepts any Host."""
    peer = request.client.host if request.client else ""
    return is_loopback(peer) and is_loopback(host_name(request.headers))
