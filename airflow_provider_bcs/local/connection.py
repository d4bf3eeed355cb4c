"""HTTP connections that the application can close without a response."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from h11 import LocalProtocolError
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_EXTENSION = "airflow_provider_bcs.transport"


class ClosableConnection(H11Protocol):
    """HTTP protocol of uvicorn that passes its transport to the application as an ASGI extension."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        application = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[_EXTENSION] = {"transport": transport}
            try:
                await application(scope, receive, send)
            except LocalProtocolError:
                # The client sent malformed HTTP after the request; uvicorn has already refused it.
                transport.close()

        self.app = with_transport


async def close_without_response(scope: Scope, receive: Receive) -> None:
    """Close the connection of a request and wait until uvicorn expects no response."""
    transport = cast("asyncio.Transport", scope["extensions"][_EXTENSION]["transport"])
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
