"""Times and durations as people read them."""

from __future__ import annotations

from datetime import datetime, timezone

_FORM = "%Y-%m-%dT%H:%M:%SZ"
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def api_time(moment: datetime | None) -> str:
    """Return a time in the form of the APIs, an empty text for None.

    >>> api_time(datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)), api_time(None)
    ('2026-01-02T03:04:05Z', '')
    """
    return moment.astimezone(timezone.utc).strftime(_FORM) if moment else ""


def shown(time: str) -> str:
    """Return a time of an API as date and time in UTC, to the second.

    >>> shown("2026-01-02T03:04:05.678901Z"), shown("")
    ('2026-01-02 03:04:05 UTC', '')
    """
    return f"{time[:19].replace('T', ' ')} UTC" if time else ""


def duration(start: str, end: str) -> str:
    """Return the time between two times of an API; empty when there is no start.

    >>> duration("2026-01-02T03:04:05Z", "2026-01-02T04:05:06.5Z"), duration("2026-01-02T03:04:05Z", "")
    ('1 h 1 min', '')
    """
    if not start or not end:
        return ""
    seconds = max(0, int((_parsed(end) - _parsed(start)).total_seconds()))
    found: list[str] = []
    for size, unit in _UNITS:
        number, seconds = divmod(seconds, size)
        if number or found or size == 1:
            found.append(f"{number} {unit}")
    # Two units say enough: 3 d 4 h.
    return " ".join(found[:2])


def _parsed(time: str) -> datetime:
    # fromisoformat does not accept Z before Python 3.11, and no fraction of one digit.
    return datetime.fromisoformat(time[:19])
