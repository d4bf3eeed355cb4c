"""The watchers of a triggerer: one a connection and service, in each event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from airflow_provider_bcs.hooks.service import ServiceHook
    from airflow_provider_bcs.openapi.watcher import Watcher


class _Used:
    """A watcher and how many use it."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.users = 0


_WATCHERS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str], _Used]] = WeakKeyDictionary()


@asynccontextmanager
async def watching(hook: ServiceHook[Any]) -> AsyncIterator[Watcher]:
    """Give the watcher of a hook's connection, the same one to all who use it at the time."""
    from airflow_provider_bcs.openapi.watcher import Watcher

    watchers = _WATCHERS.setdefault(asyncio.get_running_loop(), {})
    key = (hook.service, hook.bcs_conn_id)
    used = watchers.get(key)
    if used is None:
        used = watchers[key] = _Used(Watcher(hook.get_async_client, hook.read_all))
    used.users += 1
    try:
        yield used.watcher
    finally:
        used.users -= 1
        if not used.users:
            del watchers[key]
            used.watcher.close()
