"""``/_local``: what a test asks of the service itself, without a signature and from this machine only."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, PlainTextResponse, Response

from airflow_provider_bcs.http.loopback import is_loopback

from .faults import Faults, parse_faults
from .request import host_name

if TYPE_CHECKING:
    from starlette.requests import Request

PREFIX = "/_local/"


class Control:
    """Answers requests below ``/_local``.

    :param requests: requests so far by operation
    """

    def __init__(self, requests: Counter[str], faults: Faults, operations: Collection[str]) -> None:
        self._requests = requests
        self._faults = faults
        self._operations = operations

    def answer(self, request: Request, body: bytes) -> Response:
        if not _is_local(request):
            return PlainTextResponse("/_local answers on the loopback address only.", 403)
        if (request.method, request.url.path) == ("GET", f"{PREFIX}requests"):
            return JSONResponse(dict(self._requests))
        if (request.method, request.url.path) == ("POST", f"{PREFIX}faults"):
            try:
                document = json.loads(body)
                self._faults.replace(parse_faults(document, self._operations))
            except (ValueError, RecursionError) as error:
                return PlainTextResponse(f"{error}\n", 400)
            return JSONResponse(document)
        return PlainTextResponse("There are GET /_local/requests and POST /_local/faults.", 404)


def _is_local(request: Request) -> bool:
    """Both the peer and the Host header: elsewhere than on loopback, the service lets in any name."""
    peer = request.client.host if request.client else ""
    return is_loopback(peer) and is_loopback(host_name(request.headers))
