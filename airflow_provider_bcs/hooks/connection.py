"""Read an Airflow connection: keys, region and endpoints, for both services.

Connection type ``bcs``: login and password are AccessKey id and secret (none: the vendor's default credential chain);
schema, or ``region`` in extra, is the region; extra holds ``security_token``, ``role_arn``, ``workspace_id``,
``batchcompute_endpoint``, ``dlc_endpoint``, ``oss_endpoint``, ``verify``; host and port set one endpoint for
BatchCompute and PAI-DLC. Connections of the Alibaba provider (type ``alibaba_cloud``, keys in extra) are read as they
are.

Messages do not hold the connection's id: while Airflow tests a connection, the id is a random text. The hook adds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from airflow_provider_bcs.exceptions import ConnectionSettingsError
from airflow_provider_bcs.http.credentials import CredentialProvider, Credentials, as_provider, default_credentials
from airflow_provider_bcs.http.loopback import is_loopback

__all__ = ["LOCAL_REGION", "OWN_ENDPOINT", "AirflowConnection", "ServiceSettings", "read_connection", "services_of"]

#: The region of a connection that names none: that of the local service.
LOCAL_REGION = "local"
#: Extra field that holds the endpoint of one service.
OWN_ENDPOINT = {service: f"{service}_endpoint" for service in ("batchcompute", "dlc", "oss")}

_SCHEMES = ("http", "https")


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
    """Return how to reach ``service`` (``batchcompute`` or ``dlc``).

    :param region: instead of the connection's
    :raises ConnectionSettingsError: when neither a region nor an endpoint is given, or a field is wrong
    """
    extra = _extra(connection)
    endpoint = extra.get(OWN_ENDPOINT[service]) or _host_endpoint(connection)
    region = region or _region(connection, extra)
    if not region and not endpoint:
        raise ConnectionSettingsError(
            "Region: found none; expected a region in the field Region (schema) or in extra, e.g."
            f' {{"region": "cn-shanghai"}}; or else {OWN_ENDPOINT[service]} in extra, or host for the local service.'
        )
    return ServiceSettings(
        region=region or LOCAL_REGION,
        endpoint=endpoint if not endpoint or "://" in endpoint else f"https://{endpoint}",
        credentials=_credentials(connection, extra),
        verify=_verify(extra.get("verify")),
        workspace_id=str(extra["workspace_id"]) if extra.get("workspace_id") else None,
        oss_endpoint=extra.get("oss_endpoint") or None,
    )


def services_of(connection: AirflowConnection, region: str | None = None) -> list[str]:
    """Return the services that the connection leads to, of ``batchcompute``, ``dlc`` and ``oss``.

    :param region: instead of the connection's
    :raises ConnectionSettingsError: when a field is wrong
    """
    extra = _extra(connection)
    if region or _region(connection, extra):
        return list(OWN_ENDPOINT)
    by_host = ("batchcompute", "dlc") if _host_endpoint(connection) else ()
    return [service for service, field in OWN_ENDPOINT.items() if service in by_host or extra.get(field)]


def _extra(connection: AirflowConnection) -> dict[str, Any]:
    extra = connection.extra_dejson
    if not isinstance(extra, dict):
        # The type promises one; Airflow reads any JSON.
        raise ConnectionSettingsError(
            f'Extra: found {type(extra).__name__}; expected a JSON object, e.g. {{"region": "cn-shanghai"}}.'
        )
    return extra


def _region(connection: AirflowConnection, extra: dict[str, Any]) -> str | None:
    """Return the region. The form shows schema as Region: it has no other field that is visible from the start."""
    schema = (connection.schema or "").strip()
    visible = None if schema.lower() in _SCHEMES else schema or None
    named = extra.get("region") or extra.get("region_id") or None
    if visible and named and visible != named:
        raise ConnectionSettingsError(
            f"Region: found {visible!r} in the field Region (schema) and {named!r} in extra; expected one region."
        )
    return visible or named


def _credentials(connection: AirflowConnection, extra: dict[str, Any]) -> CredentialProvider:
    key_id = connection.login or extra.get("access_key_id")
    secret = connection.password or extra.get("access_key_secret")
    if bool(key_id) != bool(secret):
        found, missing = ("login", "password") if key_id else ("password", "login")
        raise ConnectionSettingsError(
            f"{missing.capitalize()}: found none beside a {found}; expected both, or neither for the default credential"
            " chain. Login is the AccessKey id, and password its secret."
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
        schema = (connection.schema or "").strip().lower()
        scheme = schema if schema in _SCHEMES else None
        # The local service speaks plain HTTP, and only on this machine.
        host = f"{scheme or ('http' if is_loopback(host.partition(':')[0]) else 'https')}://{host}"
    own = _port(host)
    if own and connection.port and own != connection.port:
        raise ConnectionSettingsError(f"Port: found {own} in Host and {connection.port} in Port; expected one port.")
    return f"{host}:{connection.port}" if connection.port and not own else host


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        # The client says what is wrong with the URL.
        return None


def _verify(value: Any) -> bool | str:
    """Forms and environment variables give text; an empty one must not switch the check off."""
    words = {"true": True, "false": False, "": True}
    text = "" if value is None else str(value).strip()
    if text.lower() in words:
        return words[text.lower()]
    if not Path(text).exists():
        raise ConnectionSettingsError(
            f"Extra field verify: found {value!r}; expected true, false, or the path of a CA bundle on this machine."
        )
    return text
