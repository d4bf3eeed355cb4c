"""Clock that can run faster than real time, shared by the service and its shims."""

from __future__ import annotations

import time
from typing import NamedTuple


class Clock(NamedTuple):
    """Time that is a linear function of real time.

    :ivar real: reference point in real time, seconds since the epoch
    :ivar shown: time of this clock at the reference point, seconds since the epoch
    :ivar rate: seconds of this clock per real second
    """

    real: float
    shown: float
    rate: float

    def now(self) -> float:
        """Return the current time of this clock, seconds since the epoch."""
        return self.shown + (time.time() - self.real) * self.rate


def stamp(seconds: float) -> str:
    """Return the timestamp of log lines and events: ``YYYY-MM-DD HH:MM:SS`` in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
