"""Clock of PAI-DLC in the local service, which continues across restarts."""

from __future__ import annotations

import json
import time
from pathlib import Path

from airflow_provider_bcs.local.shim.clock import Clock


def open_clock(path: Path, rate: float) -> Clock:
    """Return the clock whose reference point is in the file ``path``; a new clock starts at real time.

    The clock never goes back, even when the rate changes. A pod that outlives the service keeps the rate that it was
    started with.

    :param rate: seconds of the clock per real second
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
    """Return ``YYYY-MM-DDTHH:MM:SSZ``, or an empty text for None, a time in the future."""
    return "" if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
