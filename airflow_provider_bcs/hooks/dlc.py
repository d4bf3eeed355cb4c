"""The PAI-DLC hook."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.hooks.service import ServiceHook

if TYPE_CHECKING:
    from airflow_provider_bcs.dlc.client import Client


class DlcHook(ServiceHook["Client"]):
    """Gives the PAI-DLC client of a connection; parameters are those of :class:`~.service.ServiceHook`."""

    service = "dlc"

    @property
    def workspace_id(self) -> str | None:
        """The connection's PAI workspace, for jobs that name none."""
        return self.settings.workspace_id

    def _client_class(self) -> type[Client]:
        from airflow_provider_bcs.dlc.client import Client

        return Client

    def read_all(self, client: Client, targets: Iterable[Any]) -> Iterator[tuple[Hashable, Any]]:
        """Yield the states of many targets."""
        from airflow_provider_bcs.dlc.reading import read_all

        return read_all(client, targets)

    def _ask_something(self, client: Client) -> None:
        next(client.list_jobs(page_size=1), None)
