"""The clock of the DLC side, which goes on where it was when the service was started last."""

from __future__ import annotations

import json
import time
from pathlib import Path

from airflow_provider_bcs.local.shim.clock import Clock


def open_clock(path: Path, rate: float) -> Clock:
    """Return the clock whose base is kept in ``path``; without one it begins with the real time.

    It never goes back, also when the rate was another one before. Pods that outlive a service stamp their logs at the
    rate they were started with.
    """
    now = time.time()
    try:
        last = Clock(*json.loads(path.read_text()))
    except FileNotFoundError:
        last = Clock(now, now, rate)
    clock = last if last.rate == rate else Clock(now, last.now(), rate)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(clock))
    temporary.replace(path)
    return clock


def utc(seconds: float | None) -> str:
    """Return ``YYYY-MM-DDTHH:MM:SSZ``, empty for a time not reached yet."""
    return "" if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
