"""The BatchCompute hook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_bcs.hooks.service import ServiceHook

if TYPE_CHECKING:
    from airflow_provider_bcs.batchcompute.client import Client
    from airflow_provider_bcs.hooks.connection import ServiceSettings


class BatchComputeHook(ServiceHook["Client"]):
    """Gives the BatchCompute client of a connection; parameters are those of :class:`~.service.ServiceHook`."""

    service = "batchcompute"

    def _build_client(self, settings: ServiceSettings) -> Client:
        from airflow_provider_bcs.batchcompute.client import Client

        return Client(
            settings.region, endpoint=settings.endpoint, credentials=settings.credentials, verify=settings.verify
        )

    def _ask_something(self, client: Client) -> None:
        next(client.list_jobs(page_size=1), None)
