"""The BatchCompute hook."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_bcs.hooks.connection import AirflowConnection, read_connection
from airflow_provider_bcs.hooks.form import connection_form_widgets
from airflow_provider_bcs.provider_info import UI_FIELD_BEHAVIOUR

if TYPE_CHECKING:
    from airflow_provider_bcs.batchcompute.client import Client


class BatchComputeHook(BaseHook):
    """Gives the BatchCompute client of a connection.

    :param bcs_conn_id: the connection; it is resolved when the client is first used, not before
    :param region: instead of the connection's, e.g. ``cn-shanghai``
    """

    conn_name_attr = "bcs_conn_id"
    default_conn_name = "bcs_default"
    conn_type = "bcs"
    hook_name = "Alibaba Cloud BatchCompute and PAI-DLC"

    def __init__(self, bcs_conn_id: str = default_conn_name, region: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bcs_conn_id = bcs_conn_id
        self.region = region

    @cached_property
    def client(self) -> Client:
        """The client; one for the life of the hook, so that its connections are kept alive.

        :raises AirflowNotFoundException: when there is no such connection
        :raises ConnectionSettingsError: when the connection lacks something
        """
        return self._build_client(self.get_connection(self.bcs_conn_id))

    def get_conn(self) -> Client:
        """Return :attr:`client`."""
        return self.client

    async def get_async_client(self) -> Client:
        """Return a client from within an event loop, without blocking it; the client itself blocks."""
        from airflow.providers.common.compat.connection import get_async_connection

        connection = await get_async_connection(self.bcs_conn_id, hook=self)
        return await asyncio.to_thread(self._build_client, connection)

    def _build_client(self, connection: AirflowConnection) -> Client:
        from airflow_provider_bcs.batchcompute.client import Client

        settings = read_connection(connection, "batchcompute", self.region)
        return Client(
            settings.region, endpoint=settings.endpoint, credentials=settings.credentials, verify=settings.verify
        )

    def test_connection(self) -> tuple[bool, str]:
        """Ask for one job, and say in one line whether that worked."""
        from airflow_provider_bcs.openapi.errors import OpenApiError

        try:
            next(self.client.list_jobs(page_size=1), None)
        except (OpenApiError, ValueError) as error:
            return False, str(error)
        return True, f"{self.client.endpoint} answers and accepts the keys"

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the form fields of Airflow 2; Airflow 3 reads them from the provider information."""
        return connection_form_widgets()

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return what the form's fields are called."""
        return {
            "hidden_fields": UI_FIELD_BEHAVIOUR["hidden-fields"],
            "relabeling": UI_FIELD_BEHAVIOUR["relabeling"],
            "placeholders": UI_FIELD_BEHAVIOUR["placeholders"],
        }
