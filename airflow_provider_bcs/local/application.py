"""HTTP layer of all APIs: choice of the API, faults, and errors of handlers."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse

from .connection import close_without_response
from .control import PREFIX, Control
from .error_response import ErrorResponse, internal_error
from .faults import Fault, Faults, play
from .gateway import Gateway
from .hosts import Hosts
from .origins import OriginCheck
from .pages.pages import Pages
from .request import host_name, in_origin_form, joined_headers, raw_target
from .routes import PendingResponse, RequestT, ResponseT, Route

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_log = logging.getLogger(__name__)


class Application:
    """ASGI application that dispatches the requests on all ports to the operations of the APIs.

    :param gateways: APIs by port and by path prefix; the first prefix that matches decides, the last one is empty
    :param services: APIs by name; a host name of the cloud decides before the port
    :param hosts: host names of the service
    :param origins: check of the Host and Origin headers
    :param pages: pages for people
    :param control_port: port of the control API
    """

    def __init__(
        self,
        gateways: Mapping[int, Mapping[str, Gateway[Any, Any]]],
        services: Mapping[str, Gateway[Any, Any]],
        hosts: Hosts,
        origins: OriginCheck,
        pages: Pages,
        control_port: int,
    ) -> None:
        self._gateways = gateways
        self._services = services
        self._hosts = hosts
        self._origins = origins
        self._control_port = control_port
        self._requests: Counter[str] = Counter()
        self._faults = Faults()
        operations = {route.operation for api in services.values() for route in api.routes}
        self._control = Control(self._requests, self._faults, operations, pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope = in_origin_form(scope)
        http = HttpRequest(scope, receive)
        gateway = self._gateway(http)
        try:
            response = await self._respond(gateway, http)
        except ClientDisconnect:
            return
        if response is None:
            await close_without_response(scope, receive)
            return
        gateway.finish(response)
        response.headers["Date"] = formatdate(usegmt=True)
        await response(scope, receive, send)

    def _gateway(self, http: HttpRequest) -> Gateway[Any, Any]:
        if service := self._service(http):
            return self._services[service]
        path = f"{raw_target(http)[0]}/"
        return next(gateway for prefix, gateway in self._gateways[_port(http)].items() if path.startswith(prefix))

    def _service(self, http: HttpRequest) -> str:
        return self._hosts.service(host_name(http.headers))

    def _is_control(self, http: HttpRequest) -> bool:
        is_its_port = _port(http) == self._control_port and not self._service(http)
        return is_its_port and raw_target(http)[0].startswith(PREFIX)

    async def _respond(self, gateway: Gateway[RequestT, ResponseT], http: HttpRequest) -> HttpResponse | None:
        """Return the response, or None to close the connection without a response."""
        try:
            self._origins.check(joined_headers(http))
            if self._is_control(http):
                return await self._control.respond(http, gateway.refusals.body_too_large)
            route, request = await gateway.receive(http)
        except ErrorResponse as error:
            return gateway.render_error(error, http)
        self._requests[route.operation] += 1
        return await play(
            self._faults.draw(route.operation),
            lambda: perform(gateway, route, request, http),
            lambda fault: gateway.render_error(_refusal(gateway, fault), http),
        )


async def perform(
    gateway: Gateway[RequestT, ResponseT], route: Route[RequestT, ResponseT], request: RequestT, http: HttpRequest
) -> HttpResponse:
    """Perform an operation; return its response, or an error response for any exception."""
    with ExitStack() as stack:
        try:
            await gateway.receive_body(route, request, http, stack)
            found = await run_in_threadpool(_handle, gateway, route, request)
        except ErrorResponse as error:
            return gateway.render_error(error, http)
        except ClientDisconnect:
            raise
        except Exception:
            _log.exception("%s failed", route.operation)
            return gateway.render_error(internal_error(), http)
    if not isinstance(found, PendingResponse):
        return found
    try:
        return gateway.render(await asyncio.wait_for(asyncio.wrap_future(found.response), found.seconds))
    except asyncio.TimeoutError:
        return gateway.render(found.otherwise)


def _handle(
    gateway: Gateway[RequestT, ResponseT], route: Route[RequestT, ResponseT], request: RequestT
) -> HttpResponse | PendingResponse[ResponseT]:
    response = route.handler(request)
    return response if isinstance(response, PendingResponse) else gateway.render(response)


def _refusal(gateway: Gateway[Any, Any], fault: Fault) -> ErrorResponse:
    return gateway.refusals.throttled(fault.seconds) if fault.kind == "throttle" else internal_error()


def _port(http: HttpRequest) -> int:
    port: int = http.scope["server"][1]
    return port
