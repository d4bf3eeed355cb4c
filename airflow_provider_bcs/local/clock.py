"""Times as the service writes them."""

from __future__ import annotations

from datetime import datetime, timezone


def now() -> str:
    """Return the present in UTC with six digits of a second; clients cannot read it with fewer."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
