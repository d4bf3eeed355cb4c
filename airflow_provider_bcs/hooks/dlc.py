"""The PAI-DLC hook."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    def _ask_something(self, client: Client) -> None:
        next(client.list_jobs(page_size=1), None)
