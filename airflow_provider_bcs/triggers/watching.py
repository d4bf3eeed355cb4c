"""Watchers of a triggerer: one per event loop, service and connection, shared by all triggers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from airflow_provider_bcs.waiting.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from airflow_provider_bcs.hooks.service import ServiceHook
    from airflow_provider_bcs.http.client import ServiceClient
    from airflow_provider_bcs.waiting.polling import Status
    from airflow_provider_bcs.waiting.port import ServicePort

__all__ = ["SharedWatcher"]

C = TypeVar("C", bound="ServiceClient")


class _Used:
    """A watcher and the number of its users."""

    def __init__(self, watcher: Watcher[Any]) -> None:
        self.watcher = watcher
        self.users = 0


_WATCHERS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str], _Used]] = WeakKeyDictionary()


class SharedWatcher(Generic[C]):
    """Context manager of the watcher of a hook's connection. The last user that leaves closes the watcher.

    :param hook: hook of the connection; of several hooks with the same connection only the first one is used
    """

    # A class with slots, without a reference to the hook: thousands of triggers hold one of these.
    __slots__ = ("_key", "_used", "_watchers")

    def __init__(self, hook: ServiceHook[C, Any]) -> None:
        self._watchers = _WATCHERS.setdefault(asyncio.get_running_loop(), {})
        self._key = (hook.service, hook.bcs_conn_id)
        if self._key not in self._watchers:
            self._watchers[self._key] = _Used(Watcher(hook.get_async_client, _reader(hook.port_class)))
        self._used = self._watchers[self._key]

    async def __aenter__(self) -> Watcher[C]:
        self._used.users += 1
        watcher: Watcher[C] = self._used.watcher
        return watcher

    async def __aexit__(self, *_: object) -> None:
        self._used.users -= 1
        if not self._used.users:
            del self._watchers[self._key]
            self._used.watcher.close()


def _reader(
    port_class: type[ServicePort[Any]],
) -> Callable[[Any, Iterable[Any]], Iterator[tuple[Hashable, Status | Exception]]]:
    return lambda client, targets: port_class(client).read_all(targets)
