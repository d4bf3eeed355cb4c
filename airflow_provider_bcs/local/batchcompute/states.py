"""The five states of jobs, tasks and instances, and how a task's follows from its instances'."""

from __future__ import annotations

from collections.abc import Collection, Mapping

WAITING = "Waiting"
RUNNING = "Running"
FINISHED = "Finished"
FAILED = "Failed"
STOPPED = "Stopped"

STATES = (WAITING, RUNNING, FINISHED, FAILED, STOPPED)
ACTIVE = (WAITING, RUNNING)


def task_state(instance_states: Collection[str], job_state: str, job_fail_on_instance_fail: bool) -> str:
    """Derive a task's state.

    :param instance_states: the states its instances are in, each at least once
    """
    found = set(instance_states)
    if RUNNING in found:
        return RUNNING
    if WAITING in found:
        # Between two instances a task runs on; after a restart of the job it waits again.
        return RUNNING if len(found) > 1 and job_state == RUNNING else WAITING
    # Assumption: where failed instances are put up with, a task has done its work when one instance has.
    order = (FAILED, STOPPED, FINISHED) if job_fail_on_instance_fail else (STOPPED, FINISHED, FAILED)
    return next(state for state in order if state in found)


def metrics(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the five counters of a TaskMetrics or InstanceMetrics object, by real state."""
    return {f"{state}Count": counts.get(state, 0) for state in STATES}
