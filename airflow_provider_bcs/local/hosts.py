"""Host names by which clients reach the service, and what they tell: the bucket and the API."""

from __future__ import annotations

from collections.abc import Collection

from airflow_provider_bcs.http.loopback import is_loopback

#: First label of a host name in the cloud, which a suffix such as ``-vpc`` or ``-cn-beijing`` may follow -> the API.
_SERVICES = {"batchcompute": "batchcompute", "pai-dlc": "dlc", "oss": "oss"}


class Hosts:
    """Host names of the service: those of this machine, and others by ``--allow-host``.

    A name of an object store may also have a bucket as first label, such as ``bucket.localhost``.

    :param allowed: names that resolve to this machine, or that clients send to it as their proxy
    """

    def __init__(self, allowed: Collection[str] = ()) -> None:
        self._allowed = frozenset(name.lower() for name in allowed)

    def is_own(self, host: str) -> bool:
        """Tell whether a host name is one of the service."""
        return self._is_name(host) or self._has_buckets(host.partition(".")[2])

    def bucket(self, host: str) -> str:
        """Return the bucket that is the first label of a host name; an empty text when it has none."""
        bucket, _, parent = host.partition(".")
        return bucket if not self._is_name(host) and self._has_buckets(parent) else ""

    def service(self, host: str) -> str:
        """Return the API that an allowed name belongs to: ``batchcompute``, ``dlc`` or ``oss``.

        :return: an empty text for other names, with which the port tells the API
        """
        name = host if host in self._allowed else host.partition(".")[2]
        if name not in self._allowed:
            return ""
        label = name.partition(".")[0]
        return next((api for first, api in _SERVICES.items() if f"{label}-".startswith(f"{first}-")), "")

    def _is_name(self, host: str) -> bool:
        return is_loopback(host) or host in self._allowed

    def _has_buckets(self, name: str) -> bool:
        return self._is_name(name) and self.service(name) in ("", "oss")
