"""What the hooks of both services share: from a connection to a client."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from airflow.providers.common.compat.sdk import AirflowNotFoundException, BaseHook

from airflow_provider_bcs.airflow_versions import mask
from airflow_provider_bcs.description.secrets import secret_values
from airflow_provider_bcs.exceptions import ConnectionSettingsError
from airflow_provider_bcs.hooks.connection import LOCAL_REGION, AirflowConnection, ServiceSettings, read_connection

if TYPE_CHECKING:
    from airflow_provider_bcs.http.client import ServiceClient
    from airflow_provider_bcs.http.credentials import CredentialProvider
    from airflow_provider_bcs.oss.store import ObjectStore

DEFAULT_CONNECTION = "bcs_default"

#: Seconds to connect and without a byte, where many wait for the answer that one waits for.
_WATCHING_TIMEOUT = (5.0, 20.0)

C = TypeVar("C", bound="ServiceClient")


class ServiceHook(BaseHook, Generic[C]):
    """Gives the client of a connection.

    :param bcs_conn_id: the connection; it is resolved when the client is first used, not before
    :param region: instead of the connection's, e.g. ``cn-shanghai``
    """

    conn_name_attr = "bcs_conn_id"
    default_conn_name = DEFAULT_CONNECTION
    conn_type = "bcs"
    hook_name = "Alibaba Cloud BatchCompute and PAI-DLC"

    #: The service's name in the connection's extra field ``{service}_endpoint``.
    service: ClassVar[str]

    def __init__(self, bcs_conn_id: str = DEFAULT_CONNECTION, region: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bcs_conn_id = bcs_conn_id
        self.region = region
        self._was_read = False

    @abstractmethod
    def _client_class(self) -> type[C]:
        """Return the service's client, imported only now: a DAG file that is parsed does not pay for HTTP."""

    @abstractmethod
    def read_all(self, client: C, targets: Iterable[Any]) -> Iterator[tuple[Hashable, Any]]:
        """Yield the states of many targets, each with its own; see :mod:`airflow_provider_bcs.waiting.watcher`."""

    @abstractmethod
    def _ask_something(self, client: C) -> None:
        """Make the cheapest request that needs keys."""

    @cached_property
    def settings(self) -> ServiceSettings:
        """What the connection says.

        :raises AirflowNotFoundException: when there is no such connection
        :raises ConnectionSettingsError: when the connection lacks something
        """
        return self._read_settings()

    def _read_settings(self) -> ServiceSettings:
        connection = self.get_connection(self.bcs_conn_id)
        # Airflow 3 masks it in the process that writes the task's log, and not in this one.
        mask([connection.password, *secret_values(connection.extra_dejson)])
        return self._read(connection)

    def _read_credentials(self) -> CredentialProvider:
        """Read the keys anew: temporary ones end, and somebody may have put others into the connection."""
        present, found = self.settings, self._read_settings()
        if (found.region, found.endpoint, found.verify) != (present.region, present.endpoint, present.verify):
            # They are for another place, and none of the client's business.
            return present.credentials
        return found.credentials

    @cached_property
    def client(self) -> C:
        """The client; one for the life of the hook, so that its connections are kept alive.

        :raises AirflowNotFoundException: when there is no such connection
        :raises ConnectionSettingsError: when the connection lacks something
        """
        from airflow_provider_bcs.http.credentials import RenewableCredentials

        keys = RenewableCredentials(self.settings.credentials, self._read_credentials)
        return self._build_client(replace(self.settings, credentials=keys))

    @cached_property
    def objects(self) -> ObjectStore:
        """The object store of the connection: logs, packages.

        :raises AirflowNotFoundException: when there is no such connection
        :raises ConnectionSettingsError: when it says neither where objects are nor its region
        """
        from airflow_provider_bcs.oss.store import ObjectStore

        settings = self.settings
        if settings.oss_endpoint is None and settings.region == LOCAL_REGION:
            raise ConnectionSettingsError(
                f"Connection {self.bcs_conn_id} does not say where objects are: set the extra field oss_endpoint, for"
                " the local service to the URL oss of the line it prints, or region."
            )
        return ObjectStore(
            settings.region,
            endpoint=settings.oss_endpoint,
            credentials=self.client.credentials,
            verify=settings.verify,
        )

    def get_conn(self) -> C:
        """Return :attr:`client`."""
        return self.client

    async def get_async_client(self) -> C:
        """Return a client from within an event loop, without blocking it; the client itself blocks.

        :raises ConnectionSettingsError: when the connection lacks something
        :raises MissingConnectionError: when there is no such connection, as far as Airflow can tell
        :raises NoAnswerError: when the connection cannot be read now
        """
        from airflow_provider_bcs.exceptions import MissingConnectionError, NoAnswerError

        try:
            connection = await self._get_connection_async()
            settings = await asyncio.to_thread(self._read, connection)
        except ValueError:
            raise
        except Exception as error:
            # When a secrets backend or the database does not answer, Airflow says that there is no such connection, or
            # that it is not for us (2.11.2, 3.3.2); but one that was there a moment ago is there.
            is_missing = isinstance(error, (AirflowNotFoundException, PermissionError)) and not self._was_read
            kind = MissingConnectionError if is_missing else NoAnswerError
            raise kind(f"Connection {self.bcs_conn_id} could not be read: {error}") from error
        self._was_read = True
        return await asyncio.to_thread(self._build_client, settings, timeout=_WATCHING_TIMEOUT)

    async def _get_connection_async(self) -> AirflowConnection:
        from airflow.providers.common.compat.connection import get_async_connection

        try:
            return await get_async_connection(self.bcs_conn_id, hook=self)
        except AirflowNotFoundException:
            # "airflow dags test" of Airflow 3 knows those of the database in this way only.
            return await asyncio.to_thread(self.get_connection, self.bcs_conn_id)

    def _build_client(self, settings: ServiceSettings, **options: Any) -> C:
        return self._client_class()(
            settings.region,
            endpoint=settings.endpoint,
            credentials=settings.credentials,
            verify=settings.verify,
            **options,
        )

    def _read(self, connection: AirflowConnection) -> ServiceSettings:
        return read_connection(connection, self.service, self.region)

    def test_connection(self) -> tuple[bool, str]:
        """Make a request, and say in one line whether that worked."""
        from airflow_provider_bcs.exceptions import ApiError

        try:
            self._ask_something(self.client)
        except (ApiError, ValueError) as error:
            return False, str(error)
        return True, f"{self.client.endpoint} answers and accepts the keys"
