"""Headers of an HTTP request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.requests import Request


def joined_headers(request: Request) -> dict[str, str]:
    """Return the header values by name in lower case; repeated headers are joined with a comma."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def host_name(headers: Mapping[str, str]) -> str:
    """Return the host name in the Host header, or an empty text when it has none."""
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""
