"""The BatchCompute hook."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.hooks.form import connection_form_widgets
from airflow_provider_bcs.hooks.service import ServiceHook
from airflow_provider_bcs.provider_info import UI_FIELD_BEHAVIOUR

if TYPE_CHECKING:
    from airflow_provider_bcs.batchcompute.client import Client


class BatchComputeHook(ServiceHook["Client"]):
    """Gives the BatchCompute client of a connection; parameters are those of :class:`~.service.ServiceHook`."""

    service = "batchcompute"

    def _client_class(self) -> type[Client]:
        from airflow_provider_bcs.batchcompute.client import Client

        return Client

    def read_all(self, client: Client, targets: Iterable[Any]) -> Iterator[tuple[Hashable, Any]]:
        """Yield the states of many targets."""
        from airflow_provider_bcs.batchcompute.reading import read_all

        return read_all(client, targets)

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
