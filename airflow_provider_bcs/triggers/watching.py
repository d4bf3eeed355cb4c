"""The watchers of a triggerer: one a connection and service, in each event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from airflow_provider_bcs.hooks.service import ServiceHook
    from airflow_provider_bcs.waiting.watcher import Watcher


class _Used:
    """A watcher and how many use it."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.users = 0


_WATCHERS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str], _Used]] = WeakKeyDictionary()


class SharedWatcher:
    """Gives the watcher of a hook's connection, the same one to all who use it at the time."""

    # Not a generator, and nothing kept of the hook: thousands wait within.
    __slots__ = ("_key", "_used", "_watchers")

    def __init__(self, hook: ServiceHook[Any]) -> None:
        from airflow_provider_bcs.waiting.watcher import Watcher

        self._watchers = _WATCHERS.setdefault(asyncio.get_running_loop(), {})
        self._key = (hook.service, hook.bcs_conn_id)
        if self._key not in self._watchers:
            self._watchers[self._key] = _Used(Watcher(hook.get_async_client, hook.read_all))
        self._used = self._watchers[self._key]

    async def __aenter__(self) -> Watcher:
        self._used.users += 1
        return self._used.watcher

    async def __aexit__(self, *_: object) -> None:
        self._used.users -= 1
        if not self._used.users:
            del self._watchers[self._key]
            self._used.watcher.close()
