"""The BatchCompute hook."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.batchcompute.port import BatchComputePort
from airflow_provider_bcs.hooks.form import connection_form_widgets
from airflow_provider_bcs.hooks.service import ServiceHook
from airflow_provider_bcs.provider_info import UI_FIELD_BEHAVIOUR

if TYPE_CHECKING:
    from airflow_provider_bcs.batchcompute.client import Client

__all__ = ["BatchComputeHook"]


class BatchComputeHook(ServiceHook["Client", BatchComputePort]):
    """Hook of BatchCompute: ``client`` has every operation of the API, ``objects`` is the object store.

    ::

        from airflow.providers.common.compat.sdk import task
        from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook

        @task
        def failed_jobs():
            return [job.Id for job in BatchComputeHook("bcs_default").client.list_jobs("Failed")]

        failed_jobs()

    :param bcs_conn_id: id of the Airflow connection
    :param region: region such as ``cn-shanghai``, in place of the connection's
    :param logger_name: name of the hook's logger, as of every Airflow hook
    :raises AirflowNotFoundException: at first use, when the connection does not exist
    :raises ConnectionSettingsError: at first use, when a field of the connection is missing or wrong
    """

    service = "batchcompute"
    port_class = BatchComputePort

    @property
    def client_class(self) -> type[Client]:
        """The client's class."""
        from airflow_provider_bcs.batchcompute.client import Client

        return Client

    @cached_property
    def port(self) -> BatchComputePort:
        """The service's port, which reads logs from ``objects``."""
        return BatchComputePort(self.client, lambda: self.objects)

    # Airflow 2 looks for these two in the class that the provider names, and not in what it inherits.

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the form fields of Airflow 2; Airflow 3 reads them from the provider information."""
        return connection_form_widgets()

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return which of the form's standard fields Airflow 2 hides, and the labels of the others."""
        return {
            "hidden_fields": UI_FIELD_BEHAVIOUR["hidden-fields"],
            "relabeling": UI_FIELD_BEHAVIOUR["relabeling"],
            "placeholders": UI_FIELD_BEHAVIOUR["placeholders"],
        }
