"""Loopback hosts and endpoint URLs."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

__all__ = ["is_loopback", "is_loopback_url", "read_endpoint"]

# URL parsers disagree on the host of a URL with one of these characters, e.g. "http://example.com\@127.0.0.1/".
_AMBIGUOUS = re.compile(r"[^!-~]|[\\@]")


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is a loopback one.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "[::1]", "127.0.0.1.example.com")]
    [True, True, True, False]
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_loopback_url(url: str) -> bool:
    """Return whether every URL parser takes the URL's host for a loopback one.

    >>> [is_loopback_url(url) for url in ("http://127.0.0.1:8642", "http://user@127.0.0.1")]
    [True, False]
    """
    try:
        return _AMBIGUOUS.search(url) is None and is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def read_endpoint(endpoint: str, name: str = "endpoint") -> str:
    """Return the URL of a service, without a trailing slash.

    :param endpoint: scheme, host and optional port
    :param name: name of the field for the message
    :raises ValueError: when the URL has another scheme than HTTP(S), a user, a path, a query or a fragment

    >>> read_endpoint("https://host.example:8443/")
    'https://host.example:8443'
    >>> read_endpoint("ftp://host.example")
    Traceback (most recent call last):
    ValueError: endpoint: found 'ftp://host.example'; expected a URL such as https://host or http://host:port.
    """
    if "@" in endpoint:
        # The message must not hold the value: it may contain a password.
        raise ValueError(f"{name}: found '@'; expected a URL without user and password, such as https://host.")
    parts = urlsplit(endpoint)
    is_host = parts.hostname and not (parts.path.strip("/") or parts.query or parts.fragment)
    if parts.scheme not in ("http", "https") or not is_host or _AMBIGUOUS.search(endpoint):
        raise ValueError(f"{name}: found {endpoint!r}; expected a URL such as https://host or http://host:port.")
    return f"{parts.scheme}://{parts.netloc}"
