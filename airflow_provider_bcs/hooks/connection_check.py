"""Test a connection: one request to each service that it leads to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from airflow_provider_bcs.batchcompute.client import Client as BatchComputeClient
from airflow_provider_bcs.batchcompute.port import BatchComputePort
from airflow_provider_bcs.dlc.client import Client as DlcClient
from airflow_provider_bcs.dlc.port import DlcPort
from airflow_provider_bcs.exceptions import ApiError
from airflow_provider_bcs.hooks.connection import (
    OWN_ENDPOINT,
    AirflowConnection,
    ServiceSettings,
    read_connection,
    services_of,
)
from airflow_provider_bcs.http.credentials import CredentialProvider
from airflow_provider_bcs.http.session import RetryPolicy
from airflow_provider_bcs.oss.store import ObjectStore

__all__ = ["check_connection"]

#: Service -> its name, and what needs it.
_SERVICES = {
    "batchcompute": ("BatchCompute", "BatchCompute jobs"),
    "dlc": ("PAI-DLC", "PAI-DLC jobs"),
    "oss": ("OSS", "packages and logs of instances"),
}
# A person waits for the result. One repetition helps when a connection breaks.
_ATTEMPTS = 2
#: Seconds to connect, and without a byte.
_TIMEOUT = (5.0, 20.0)


@dataclass(frozen=True)
class _Outcome:
    service: str
    endpoint: str
    error: str = ""

    def line(self, *, matters: bool) -> str:
        name, users = _SERVICES[self.service]
        if not self.error:
            return f"{name}: {self.endpoint} answers and accepts the keys."
        return f"{name}: {self.error}" if matters else f"{name} does not work. Only {users} need it: {self.error}"


def check_connection(connection: AirflowConnection, region: str | None = None) -> tuple[bool, str]:
    """Send a request to each service that a connection leads to.

    The connection works when BatchCompute or PAI-DLC accepts the keys, because an account may have only one of them. A
    service whose endpoint has a field of its own in the connection must accept the keys too.

    :param connection: the Airflow connection
    :param region: instead of the connection's
    :return: whether the connection works, and one line for each service; the lines that decide come first
    """
    try:
        services = services_of(connection, region)
        # Reading fails when the connection leads to neither; the error says what is missing.
        keys = read_connection(connection, "dlc" if "dlc" in services else "batchcompute", region).credentials
        # All requests need keys: without any, one line says so.
        keys()
        settings = {service: read_connection(connection, service, region) for service in services}
    except (ApiError, ValueError) as error:
        return False, _line(error)
    with ThreadPoolExecutor(len(services)) as pool:
        outcomes = list(pool.map(lambda service: _request(service, settings[service], keys), services))
    failed = {each.service for each in outcomes if each.error}
    named = {service for service in services if connection.extra_dejson.get(OWN_ENDPOINT[service])}
    works = not failed >= {*services} - {"oss"} and not failed & named
    outcomes.sort(key=lambda each: (each.service in failed) is works)
    return works, "\n".join(each.line(matters=not works) for each in outcomes)


def _request(service: str, settings: ServiceSettings, keys: CredentialProvider) -> _Outcome:
    endpoint = ""
    options: dict[str, Any] = {"credentials": keys, "verify": settings.verify}
    try:
        if service == "oss":
            store = ObjectStore(settings.region, endpoint=settings.oss_endpoint, attempts=_ATTEMPTS, **options)
            endpoint = store.endpoint
            store.check()
        else:
            options |= {"endpoint": settings.endpoint, "retry": RetryPolicy(_ATTEMPTS), "timeout": _TIMEOUT}
            port: BatchComputePort | DlcPort
            if service == "dlc":
                port = DlcPort(DlcClient(settings.region, **options))
            else:
                port = BatchComputePort(BatchComputeClient(settings.region, **options))
            endpoint = port.client.endpoint
            with closing(port):
                port.check()
    except (ApiError, ValueError) as error:
        return _Outcome(service, endpoint, _line(error))
    return _Outcome(service, endpoint)


def _line(error: Exception) -> str:
    # Airflow's pages show a line break as a blank.
    return " ".join(str(error).split()).removesuffix(".") + "."
