"""Who is let in: a web page must not use the service of the machine that its reader sits at."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_bcs.http.loopback import is_loopback, is_loopback_url

from .api_error import ApiError
from .request import host_name


class Visitors:
    """Refuses what a browser sends for a page of elsewhere.

    The default keys are known to everybody, so a signature proves nothing against such a page: one whose own name was
    made to lead to this machine (DNS rebinding) could sign, and run commands here.

    :param host: the address that the service listens on; reached from other machines, it has names that nobody told it
    """

    def __init__(self, host: str) -> None:
        self._has_other_names = not is_loopback(host)

    def check(self, headers: Mapping[str, str]) -> None:
        """Check a request.

        :raises ApiError: when its Host is not this machine's own, or its Origin is a page of another one
        """
        host, origin = host_name(headers), headers.get("origin")
        if not (self._has_other_names or is_own(host)):
            raise _forbidden("Host", host, "localhost or another name of the loopback address; --host allows more")
        if origin is not None and not is_loopback_url(origin):
            raise _forbidden("Origin", origin, "a page of this machine, or none")


def is_own(host: str) -> bool:
    """Tell whether a host name is this machine's own; a bucket may stand before it."""
    return is_loopback(host) or is_loopback(host.partition(".")[2])


def _forbidden(name: str, found: str, right: str) -> ApiError:
    return ApiError(403, "Forbidden", f"The header {name} is {found[:100]!r}; right is {right}.")
