"""What the end of a pod means for its job: restart policies, success policies, reservations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_bcs.dlc.facts import FAILED, SUCCEEDED

from .plan import Place

MAX_RESTARTS = 10
# Longer than anything that is waited for, and short enough to be added to a time.
_MAX_MINUTES = 10_000_000
_RETRYABLE = range(128, 256)
# A parameter server never ends by itself, an evaluator when it is told to.
_SERVING_ROLES = ("ps", "evaluator")


def is_restarted(policy: str | None, exit_code: int) -> bool:
    """Tell whether a pod that failed runs again; the default Never is an assumption."""
    if policy == "ExitCode":
        return exit_code in _RETRYABLE
    return policy in ("OnFailure", "Always")


def deciders(body: Mapping[str, Any], places: Sequence[Place]) -> list[int]:
    """Return the positions of the pods whose success is that of the job.

    Where the policy selects none, all pods decide (assumption). Of a JobType other than TFJob all pods do, too.
    """
    everyone = list(range(len(places)))
    if body["JobType"] != "TFJob":
        return everyone
    policy = body.get("SuccessPolicy")
    if policy == "ChiefWorker":
        return _chief(body, places) or everyone
    if policy == "Partial":
        specs = body["JobSpecs"]
        found = [at for at in everyone if specs[places[at].spec].get("ConsiderInSuccessPolicy")]
    else:
        found = [at for at in everyone if places[at].role not in _SERVING_ROLES]
    return found or everyone


def _chief(body: Mapping[str, Any], places: Sequence[Place]) -> list[int]:
    """Return the one chief: of the role Chief, or of the spec with IsChief, or the first worker."""
    specs = body["JobSpecs"]
    wanted = (
        lambda place: place.role == "chief",
        lambda place: specs[place.spec].get("IsChief") is True,
        lambda place: place.role == "worker",
    )
    for test in wanted:
        for at, place in enumerate(places):
            if test(place):
                return [at]
    return []


def reserved_minutes(body: Mapping[str, Any], outcome: str) -> int:
    """Return how long a job keeps its room after its outcome; without a policy it does always (assumption)."""
    settings = body.get("Settings") or {}
    policy = settings.get("JobReservedPolicy") or "Always"
    applies = {"OnSucceed": (SUCCEEDED,), "OnFailure": (FAILED,)}.get(policy, (SUCCEEDED, FAILED))
    return _minutes(settings.get("JobReservedMinutes")) if outcome in applies else 0


def time_limit_minutes(body: Mapping[str, Any]) -> int:
    """Return how long a job may be Running, 0 for as long as it takes."""
    return _minutes(body.get("JobMaxRunningTimeMinutes"))


def _minutes(value: int | None) -> int:
    return min(value or 0, _MAX_MINUTES)
