"""Which hosts are this machine's own."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

# Where these stand in a URL, parsers disagree on what the host is: "http://example.com\@127.0.0.1/".
_AMBIGUOUS = re.compile(r"[^!-~]|[\\@]")


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine's own."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_loopback_url(url: str) -> bool:
    """Tell whether a URL leads to this machine itself, whoever parses it."""
    try:
        return _AMBIGUOUS.search(url) is None and is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def read_endpoint(endpoint: str, name: str = "An endpoint") -> str:
    """Return the URL of a service, without a slash at its end.

    :param name: what to call it in an error
    :raises ValueError: when it is no URL of a host alone; the text holds no password
    """
    if "@" in endpoint:
        raise ValueError(f"{name} holds no user or password, and no @; found one.")
    parts = urlsplit(endpoint)
    is_host = parts.hostname and not (parts.path.strip("/") or parts.query or parts.fragment)
    if parts.scheme not in ("http", "https") or not is_host or _AMBIGUOUS.search(endpoint):
        raise ValueError(f"{name} is a URL like https://host or http://host:port; found {endpoint!r}.")
    return f"{parts.scheme}://{parts.netloc}"
