"""Policies of a job: RestartPolicy, SuccessPolicy and JobReservedPolicy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_bcs.dlc.facts import FAILED, SUCCEEDED

from .plan import Place

MAX_RESTARTS = 10
# Values above this limit would overflow when they are added to a time.
_MAX_MINUTES = 10_000_000
_RETRYABLE = range(128, 256)
# Parameter servers and evaluators do not end by themselves.
_SERVING_ROLES = ("ps", "evaluator")


def is_restarted(policy: str | None, exit_code: int) -> bool:
    """Tell whether RestartPolicy restarts a failed pod; assumption: the default is Never."""
    if policy == "ExitCode":
        return exit_code in _RETRYABLE
    return policy in ("OnFailure", "Always")


def deciders(body: Mapping[str, Any], places: Sequence[Place]) -> list[int]:
    """Return the positions of the pods that must succeed for the job to succeed.

    For a TFJob, SuccessPolicy selects them; for other JobTypes these are all pods. Assumption: when SuccessPolicy
    selects none, these are all pods.
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
    """Return the position of the chief: role Chief, else a JobSpec with IsChief, else the first worker."""
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
    """Return how long a job keeps its capacity after its outcome; assumption: JobReservedPolicy defaults to Always."""
    settings = body.get("Settings") or {}
    policy = settings.get("JobReservedPolicy") or "Always"
    applies = {"OnSucceed": (SUCCEEDED,), "OnFailure": (FAILED,)}.get(policy, (SUCCEEDED, FAILED))
    return _minutes(settings.get("JobReservedMinutes")) if outcome in applies else 0


def time_limit_minutes(body: Mapping[str, Any]) -> int:
    """Return JobMaxRunningTimeMinutes; 0 means unlimited."""
    return _minutes(body.get("JobMaxRunningTimeMinutes"))


def _minutes(value: int | None) -> int:
    return min(value or 0, _MAX_MINUTES)
