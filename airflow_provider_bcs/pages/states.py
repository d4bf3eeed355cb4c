"""Kinds of states, which have a colour and a sign each: of jobs, tasks, instances and pods of both services."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_bcs.batchcompute import facts as batchcompute
from airflow_provider_bcs.dlc import facts as dlc

GOOD, BAD, RUNNING, STOPPED, WAITING = "good", "bad", "running", "stopped", "waiting"

#: Kind -> sign, so that no state is told by its colour alone.
SIGNS = {GOOD: "\u2713", BAD: "\u2717", RUNNING: "\u25b6", STOPPED: "\u25a0", WAITING: "\u2026"}

_KINDS = {
    batchcompute.FINISHED: GOOD,
    batchcompute.FAILED: BAD,
    batchcompute.STOPPED: STOPPED,
    batchcompute.RUNNING: RUNNING,
    dlc.SUCCEEDED: GOOD,
    dlc.SUCCEEDED_RESERVING: GOOD,
    dlc.FAILED_RESERVING: BAD,
    dlc.RESTARTING: RUNNING,
    dlc.STOPPING: STOPPED,
}
#: Kind of several units: that of the first kind that one of them has.
_FIRST = (BAD, RUNNING, WAITING, STOPPED, GOOD)


def kind(state: str) -> str:
    """Return the kind of a state.

    >>> kind("Finished"), kind("Queuing")
    ('good', 'waiting')
    """
    return _KINDS.get(state, WAITING)


def kind_of_all(counts: Mapping[str, int]) -> str:
    """Return the kind that stands for several units: a failure first, success only if all have succeeded.

    >>> kind_of_all({"Succeeded": 2, "Running": 1})
    'running'
    """
    found = {kind(state) for state, count in counts.items() if count}
    return next((each for each in _FIRST if each in found), WAITING)
