"""The BatchCompute hook."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.hooks.connection import LOCAL_REGION, ConnectionSettingsError
from airflow_provider_bcs.hooks.form import connection_form_widgets
from airflow_provider_bcs.hooks.service import ServiceHook
from airflow_provider_bcs.provider_info import UI_FIELD_BEHAVIOUR

if TYPE_CHECKING:
    from airflow_provider_bcs.batchcompute.client import Client
    from airflow_provider_bcs.objects.store import ObjectStore


class BatchComputeHook(ServiceHook["Client"]):
    """Gives the BatchCompute client of a connection; parameters are those of :class:`~.service.ServiceHook`."""

    service = "batchcompute"

    @cached_property
    def objects(self) -> ObjectStore:
        """The object store of the connection: logs, packages.

        :raises AirflowNotFoundException: when there is no such connection
        :raises ConnectionSettingsError: when it says neither where objects are nor its region
        """
        from airflow_provider_bcs.objects.store import ObjectStore

        settings = self.settings
        if settings.oss_endpoint is None and settings.region == LOCAL_REGION:
            raise ConnectionSettingsError(
                f"Connection {self.bcs_conn_id} does not say where objects are: set the extra field oss_endpoint, for"
                " the local service to the URL oss of the line it prints, or region."
            )
        return ObjectStore(
            settings.region,
            endpoint=settings.oss_endpoint,
            credentials=settings.credentials,
            verify=settings.verify,
        )

    def _client_class(self) -> type[Client]:
        from airflow_provider_bcs.batchcompute.client import Client

        return Client

    def _ask_something(self, client: Client) -> None:
        next(client.list_jobs(page_size=1), None)

    # Airflow 2 looks for these two in the class that the provider names, and not in what it inherits.

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
