"""The PAI-DLC hook."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_bcs.dlc.port import DlcPort
from airflow_provider_bcs.hooks.service import ServiceHook

if TYPE_CHECKING:
    from airflow_provider_bcs.dlc.client import Client

__all__ = ["DlcHook"]


class DlcHook(ServiceHook["Client", DlcPort]):
    """Hook of PAI-DLC: ``client`` has every operation on jobs.

    ::

        from airflow.providers.common.compat.sdk import task
        from airflow_provider_bcs.hooks.dlc import DlcHook

        @task
        def running_jobs():
            return [job.JobId for job in DlcHook("bcs_default").client.list_jobs(status="Running")]

        running_jobs()

    :param bcs_conn_id: id of the Airflow connection
    :param region: region such as ``cn-shanghai``, in place of the connection's
    :param logger_name: name of the hook's logger, as of every Airflow hook
    :raises AirflowNotFoundException: at first use, when the connection does not exist
    :raises ConnectionSettingsError: at first use, when a field of the connection is missing or wrong
    """

    service = "dlc"
    port_class = DlcPort

    @property
    def workspace_id(self) -> str | None:
        """``WorkspaceId`` of jobs that name none, from the connection's extra field ``workspace_id``."""
        return self.settings.workspace_id

    @cached_property
    def port(self) -> DlcPort:
        """The service's port, with the connection's workspace."""
        return DlcPort(self.client, self.workspace_id)

    @property
    def client_class(self) -> type[Client]:
        """The client's class."""
        from airflow_provider_bcs.dlc.client import Client

        return Client
