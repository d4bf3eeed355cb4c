"""Check of the Host and Origin headers: web pages must not reach the local service through a browser."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_bcs.http.loopback import is_loopback, is_loopback_url

from .error_response import ErrorResponse
from .hosts import Hosts
from .request import host_name


class OriginCheck:
    """Check that refuses requests of web pages from other hosts.

    The default AccessKey is public, so a signature does not stop a web page. With DNS rebinding, the name of its host
    resolves to this machine: its script could sign requests and run commands.

    :param host: address that the service listens on; unless it is loopback, every Host header is accepted
    :param hosts: host names of the service
    """

    def __init__(self, host: str, hosts: Hosts) -> None:
        self._has_other_names = not is_loopback(host)
        self._hosts = hosts

    def check(self, headers: Mapping[str, str]) -> None:
        """Check the headers of a request.

        :raises ErrorResponse: Forbidden, when Host is not this machine, or Origin is a page of another host
        """
        host, origin = host_name(headers), headers.get("origin")
        if not (self._has_other_names or self._hosts.is_own(host)):
            raise _forbidden("Host", host, "localhost, another loopback name, or one of --allow-host")
        if origin is not None and not is_loopback_url(origin):
            raise _forbidden("Origin", origin, "a page of this machine, or no header")


def _forbidden(name: str, found: str, expected: str) -> ErrorResponse:
    return ErrorResponse(403, "Forbidden", f"Header {name}: found {found[:100]!r}; expected {expected}.")
