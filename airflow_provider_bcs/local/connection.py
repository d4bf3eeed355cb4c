"""HTTP connections that can be closed without an answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from h11 import LocalProtocolError
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_EXTENSION = "airflow_provider_bcs.transport"


class ClosableConnection(H11Protocol):
    """uvicorn's HTTP protocol, which tells the application its transport as an ASGI extension."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        application = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[_EXTENSION] = {"transport": transport}
            try:
                await application(scope, receive, send)
            except LocalProtocolError:
                # What followed was no HTTP: uvicorn itself has refused it meanwhile.
                transport.close()

        self.app = with_transport


async def close_without_answer(scope: Scope, receive: Receive) -> None:
    """Close a request's connection; when this returns uvicorn knows that nobody waits for an answer."""
    transport = cast("asyncio.Transport", scope["extensions"][_EXTENSION]["transport"])
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
