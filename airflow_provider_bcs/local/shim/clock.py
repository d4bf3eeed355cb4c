"""A clock that can run fast, the same for the service and its shims."""

from __future__ import annotations

import time
from typing import NamedTuple


class Clock(NamedTuple):
    """Time that is a straight line over real time.

    :ivar real: a moment in real time, seconds since the epoch
    :ivar shown: what this clock shows at that moment
    :ivar rate: seconds of this clock in a real second
    """

    real: float
    shown: float
    rate: float

    def now(self) -> float:
        """Return the seconds since the epoch that this clock shows."""
        return self.shown + (time.time() - self.real) * self.rate


def stamp(seconds: float) -> str:
    """Return ``YYYY-MM-DD HH:MM:SS`` in UTC, as lines of logs and events begin."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
