"""Idempotency tokens of submissions.

A token is a pure function of the owner and of the number of its ended submissions. A submission that is repeated after
a lost response, a dead worker or a retry has the same token, so it finds the same job.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from airflow_provider_bcs.exceptions import TooManySubmissionsError

__all__ = ["GENERATION", "MAX_SUBMISSIONS", "series_token", "submission_token"]

#: Key of an owner's generation, which changes when the owner starts over. A clear in Airflow does that.
GENERATION = "generation"
#: Maximum number of submissions of one owner; more of them point to a fault.
MAX_SUBMISSIONS = 1000


def submission_token(owner: Mapping[str, Any], ended: int = 0) -> str:
    """Return the idempotency token of a submission: 64 hexadecimal digits.

    :param owner: plain JSON values that identify the owner, e.g. DAG, run, task, map index and ``generation``
    :param ended: number of this owner's submissions that are known to have ended

    >>> owner = {"dag": "d", "run": "r", "task": "t", "generation": 1}
    >>> submission_token(owner) == submission_token(owner), submission_token(owner) == submission_token(owner, ended=1)
    (True, False)
    """
    text = json.dumps([dict(owner), ended], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def series_token(owner: Mapping[str, Any]) -> str:
    """Return the token that all generations of an owner share: 64 hexadecimal digits.

    >>> series_token({"task": "t", "generation": 1}) == series_token({"task": "t", "generation": 2})
    True
    """
    return submission_token({name: value for name, value in owner.items() if name != GENERATION})


def too_many_submissions(owner: Mapping[str, Any]) -> TooManySubmissionsError:
    """Return the error for an owner that has reached :data:`MAX_SUBMISSIONS`."""
    return TooManySubmissionsError(f"{MAX_SUBMISSIONS} submissions for {dict(owner)}")
