"""Read an Airflow connection: keys, region and endpoints, for both services.

Connection type ``bcs``: login and password are AccessKey id and secret (none: the vendor's default credential chain);
extra holds ``region``, ``security_token``, ``role_arn``, ``workspace_id``, ``batchcompute_endpoint``, ``dlc_endpoint``,
``oss_endpoint``, ``verify``; host and port set one endpoint for all services. Connections of the Alibaba provider
(type ``alibaba_cloud``, keys in extra) are read as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from airflow_provider_bcs.exceptions import ConnectionSettingsError
from airflow_provider_bcs.http.credentials import CredentialProvider, Credentials, as_provider, default_credentials
from airflow_provider_bcs.http.loopback import is_loopback

__all__ = ["LOCAL_REGION", "AirflowConnection", "ServiceSettings", "read_connection"]

#: The region of a connection that names none: that of the local service.
LOCAL_REGION = "local"


class AirflowConnection(Protocol):
    """Connection of Airflow 2 or 3, whose classes differ."""

    conn_id: str
    host: str | None
    port: int | None
    schema: str | None
    login: str | None
    password: str | None

    @property
    def extra_dejson(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class ServiceSettings:
    """Settings of one service from a connection.

    :ivar endpoint: URL, or None for the region's public endpoint
    :ivar verify: False to accept any TLS certificate, or the path of a CA bundle
    :ivar workspace_id: of PAI-DLC jobs that name none
    :ivar oss_endpoint: of the object store, None for the region's
    """

    region: str
    endpoint: str | None
    credentials: CredentialProvider
    verify: bool | str
    workspace_id: str | None = None
    oss_endpoint: str | None = None


def read_connection(connection: AirflowConnection, service: str, region: str | None = None) -> ServiceSettings:
    """Return how to reach ``service`` (``batchcompute``, ``dlc`` or ``oss``).

    :param region: instead of the connection's
    :raises ConnectionSettingsError: when neither a region nor an endpoint is given, or only half a key
    """
    extra = connection.extra_dejson
    if not isinstance(extra, dict):
        # The type promises one; Airflow reads any JSON.
        raise ConnectionSettingsError(
            f'Connection {connection.conn_id}: extra is a JSON object, such as {{"region": "cn-shanghai"}};'
            f" found {type(extra).__name__}."
        )
    endpoint = extra.get(f"{service}_endpoint") or _host_endpoint(connection)
    region = region or extra.get("region") or extra.get("region_id")
    if not region and not endpoint:
        raise ConnectionSettingsError(
            f"Connection {connection.conn_id} has no region: set the extra field region, e.g. cn-shanghai,"
            f" or {service}_endpoint, or host for the local service."
        )
    return ServiceSettings(
        region=region or LOCAL_REGION,
        endpoint=endpoint if not endpoint or "://" in endpoint else f"https://{endpoint}",
        credentials=_credentials(connection, extra),
        verify=_verify(connection, extra.get("verify")),
        workspace_id=str(extra["workspace_id"]) if extra.get("workspace_id") else None,
        oss_endpoint=extra.get("oss_endpoint") or None,
    )


def _credentials(connection: AirflowConnection, extra: dict[str, Any]) -> CredentialProvider:
    key_id = connection.login or extra.get("access_key_id")
    secret = connection.password or extra.get("access_key_secret")
    if bool(key_id) != bool(secret):
        found, missing = ("login", "password") if key_id else ("password", "login")
        raise ConnectionSettingsError(
            f"Connection {connection.conn_id} has a {found} but no {missing}: login is the AccessKey id and password"
            " its secret; leave both empty for the default credential chain."
        )
    given = Credentials(key_id, secret, extra.get("security_token")) if key_id and secret else None
    if extra.get("role_arn"):
        return default_credentials(extra["role_arn"], given)
    return as_provider(given) if given else default_credentials()


def _host_endpoint(connection: AirflowConnection) -> str | None:
    host = (connection.host or "").strip().rstrip("/")
    if not host:
        return None
    if "://" not in host:
        scheme = connection.schema if connection.schema in ("http", "https") else None
        # The local service speaks plain HTTP, and only on this machine.
        host = f"{scheme or ('http' if is_loopback(host.partition(':')[0]) else 'https')}://{host}"
    return f"{host}:{connection.port}" if connection.port else host


def _verify(connection: AirflowConnection, value: Any) -> bool | str:
    """Forms and environment variables give text; an empty one must not switch the check off."""
    words = {"true": True, "false": False, "": True}
    if value is None or isinstance(value, bool):
        return value is not False
    if str(value).lower() in words:
        return words[str(value).lower()]
    if not Path(str(value)).exists():
        raise ConnectionSettingsError(
            f"Connection {connection.conn_id}: extra field verify is true, false or the path of a CA bundle;"
            f" found {value!r}, which does not exist."
        )
    return str(value)
