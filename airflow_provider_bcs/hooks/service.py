"""Base of the hooks: from an Airflow connection to a client and a port."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from airflow.providers.common.compat.sdk import AirflowNotFoundException, BaseHook

from airflow_provider_bcs.airflow_versions import mask
from airflow_provider_bcs.description.secrets import secret_values
from airflow_provider_bcs.exceptions import ConnectionSettingsError, MissingConnectionError, NoAnswerError
from airflow_provider_bcs.hooks.connection import LOCAL_REGION, AirflowConnection, ServiceSettings, read_connection
from airflow_provider_bcs.hooks.metrics import StatsObserver

if TYPE_CHECKING:
    from airflow_provider_bcs.http.client import ServiceClient
    from airflow_provider_bcs.http.credentials import CredentialProvider
    from airflow_provider_bcs.oss.store import ObjectStore
    from airflow_provider_bcs.waiting.port import ServicePort

__all__ = ["DEFAULT_CONNECTION", "ServiceHook"]

DEFAULT_CONNECTION = "bcs_default"

#: Seconds to connect, and without a byte, in a triggerer: one slow answer delays all waits of the connection.
_TRIGGERER_TIMEOUT = (5.0, 20.0)

#: Seconds to connect, and without a byte, for a page: its reader asks again.
_PAGE_TIMEOUT = (3.0, 5.0)

C = TypeVar("C", bound="ServiceClient")
P = TypeVar("P", bound="ServicePort[Any]")


class ServiceHook(BaseHook, Generic[C, P]):
    """Hook of one service. It reads the connection when :attr:`client` is first used, not before.

    :param bcs_conn_id: id of the Airflow connection
    :param region: region such as ``cn-shanghai``, in place of the connection's
    :param logger_name: name of the hook's logger, as of every Airflow hook
    """

    conn_name_attr = "bcs_conn_id"
    default_conn_name = DEFAULT_CONNECTION
    conn_type = "bcs"
    hook_name = "Alibaba Cloud BatchCompute and PAI-DLC"

    #: Name of the service in the connection's extra field ``{service}_endpoint``.
    service: ClassVar[str]
    #: Class of :attr:`port`.
    port_class: type[P]

    def __init__(
        self, bcs_conn_id: str = DEFAULT_CONNECTION, region: str | None = None, *, logger_name: str | None = None
    ) -> None:
        super().__init__(logger_name=logger_name)
        self.bcs_conn_id = bcs_conn_id
        self.region = region
        self._was_read = False

    @property
    @abstractmethod
    def client_class(self) -> type[C]:
        """The client's class. It is imported here, so that parsing a DAG file imports no HTTP library."""

    @cached_property
    def port(self) -> P:
        """The service's port over :attr:`client`.

        :raises AirflowNotFoundException: when the connection does not exist
        :raises ConnectionSettingsError: when a field of the connection is missing or wrong
        """
        return self.port_class(self.client)

    @cached_property
    def settings(self) -> ServiceSettings:
        """Region, endpoint and keys that the connection holds.

        :raises AirflowNotFoundException: when the connection does not exist
        :raises ConnectionSettingsError: when a field of the connection is missing or wrong
        """
        return self._read_settings()

    def _read_settings(self) -> ServiceSettings:
        return self._read(self._connection())

    def _connection(self) -> AirflowConnection:
        connection: AirflowConnection = self.get_connection(self.bcs_conn_id)
        # Airflow 3 registers these secrets in the process that writes the task's log, and not in this one.
        mask([connection.password, *secret_values(connection.extra_dejson)])
        return connection

    def _read_credentials(self) -> CredentialProvider:
        """Read the keys again: temporary keys expire, and the connection may hold new ones."""
        present, found = self.settings, self._read_settings()
        if (found.region, found.endpoint, found.verify) != (present.region, present.endpoint, present.verify):
            # The new keys are for another endpoint than the client's.
            return present.credentials
        return found.credentials

    @cached_property
    def client(self) -> C:
        """The service's client. It lives as long as the hook, so that its HTTP connections are kept alive.

        :raises AirflowNotFoundException: when the connection does not exist
        :raises ConnectionSettingsError: when a field of the connection is missing or wrong
        """
        from airflow_provider_bcs.http.credentials import RenewableCredentials

        keys = RenewableCredentials(self.settings.credentials, self._read_credentials)
        return self._build_client(replace(self.settings, credentials=keys), observer=StatsObserver(self.service))

    @cached_property
    def objects(self) -> ObjectStore:
        """The object store of the connection, which holds logs and packages.

        :raises AirflowNotFoundException: when the connection does not exist
        :raises ConnectionSettingsError: when it has neither ``oss_endpoint`` nor ``region``
        """
        return self.object_store()

    def object_store(self, attempts: int = 5) -> ObjectStore:
        """Return a new :attr:`objects`.

        :param attempts: maximum number of times that a request is sent
        :raises AirflowNotFoundException: when the connection does not exist
        :raises ConnectionSettingsError: when it has neither ``oss_endpoint`` nor ``region``
        """
        # This module imports the vendor's OSS library.
        from airflow_provider_bcs.oss.store import ObjectStore

        settings = self.settings
        if settings.oss_endpoint is None and settings.region == LOCAL_REGION:
            raise ConnectionSettingsError(
                f"Connection {self.bcs_conn_id} does not say where objects are: set the extra field oss_endpoint, for"
                " the local service to the URL oss of the line it prints, or the field Region."
            )
        return ObjectStore(
            settings.region,
            endpoint=settings.oss_endpoint,
            credentials=self.client.credentials,
            verify=settings.verify,
            attempts=attempts,
        )

    def impatient_client(self) -> C:
        """Return a new client for a page that a person reads: short time-outs, one attempt, and no metrics."""
        from airflow_provider_bcs.http.session import RetryPolicy

        settings = replace(self.settings, credentials=self.client.credentials)
        return self._build_client(settings, timeout=_PAGE_TIMEOUT, retry=RetryPolicy(attempts=1))

    def get_conn(self) -> C:
        """Return :attr:`client`."""
        return self.client

    async def get_async_client(self) -> C:
        """Return a new client without blocking the event loop. The client's own methods block.

        :raises ConnectionSettingsError: when a field of the connection is missing or wrong
        :raises MissingConnectionError: when the connection does not exist, as far as Airflow can tell
        :raises NoAnswerError: when the connection cannot be read now
        """
        try:
            connection = await self._get_connection_async()
            settings = await asyncio.to_thread(self._read, connection)
        except ValueError:
            raise
        except Exception as error:
            # While a secrets backend or the database is down, Airflow raises the same errors as for a connection that
            # does not exist or is not permitted (2.11.2, 3.3.2). A connection that was read before does exist.
            is_missing = isinstance(error, (AirflowNotFoundException, PermissionError)) and not self._was_read
            kind = MissingConnectionError if is_missing else NoAnswerError
            raise kind(f"Connection {self.bcs_conn_id} could not be read: {error}") from error
        self._was_read = True
        observer = StatsObserver(self.service, in_triggerer=True)
        return await asyncio.to_thread(self._build_client, settings, timeout=_TRIGGERER_TIMEOUT, observer=observer)

    async def _get_connection_async(self) -> AirflowConnection:
        # Absent from common-compat's older versions, which a worker that never defers can use.
        from airflow.providers.common.compat.connection import get_async_connection

        try:
            return await get_async_connection(self.bcs_conn_id, hook=self)
        except AirflowNotFoundException:
            # "airflow dags test" of Airflow 3 finds connections of the database in this way only.
            return await asyncio.to_thread(self.get_connection, self.bcs_conn_id)

    def _build_client(self, settings: ServiceSettings, **options: Any) -> C:
        try:
            return self.client_class(
                settings.region,
                endpoint=settings.endpoint,
                credentials=settings.credentials,
                verify=settings.verify,
                **options,
            )
        except ValueError as error:
            raise ConnectionSettingsError(f"Connection {self.bcs_conn_id}: {error}") from error

    def _read(self, connection: AirflowConnection) -> ServiceSettings:
        try:
            return read_connection(connection, self.service, self.region)
        except ConnectionSettingsError as error:
            raise ConnectionSettingsError(f"Connection {self.bcs_conn_id}: {error}") from error

    def test_connection(self) -> tuple[bool, str]:
        """Send a request to each service that the connection leads to.

        :return: whether the connection works, and one line for each service; see
            :func:`~airflow_provider_bcs.hooks.connection_check.check_connection`
        :raises AirflowNotFoundException: when the connection does not exist
        """
        from airflow_provider_bcs.hooks.connection_check import check_connection

        return check_connection(self._connection(), self.region)
