"""Texts of durations: the time that a job waited, and the time that it ran."""

from __future__ import annotations

from datetime import datetime

__all__ = ["duration", "timing"]


def duration(seconds: float) -> str:
    """Return a duration in the two largest units.

    :param seconds: the duration in seconds

    >>> duration(4.2), duration(184), duration(7325), duration(200_000)
    ('4 s', '3 min 4 s', '2 h 2 min', '2 d 7 h')
    """
    rest = max(0, round(seconds))
    parts: list[str] = []
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            # "2 h 5 s" would look more precise than "2 h 2 min".
            break
    return " ".join(parts[:2]) or "0 s"


def timing(created: datetime | None, started: datetime | None, ended: datetime | None) -> str:
    """Return how long a job waited and ran. The text is empty while its times are unknown.

    :param created: time of the submission
    :param started: time of the start. None: it did not run
    :param ended: time of the end

    >>> timing(datetime(2026, 1, 2, 3, 4), datetime(2026, 1, 2, 3, 5), datetime(2026, 1, 2, 3, 8))
    'waited 1 min and ran 3 min'
    """
    if ended is None:
        return ""
    ran = "did not run" if started is None else f"ran {duration((ended - started).total_seconds())}"
    if created is None:
        return "" if started is None else ran
    return f"waited {duration(((started or ended) - created).total_seconds())} and {ran}"
