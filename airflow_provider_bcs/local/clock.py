"""Timestamps in responses of BatchCompute."""

from __future__ import annotations

from datetime import datetime, timezone


def now() -> str:
    """Return the current time in UTC with six decimal places, which clients require."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
