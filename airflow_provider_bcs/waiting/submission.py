"""Idempotency token of a submission: a pure function of its owner and of the number of ended submissions.

A request that is repeated after a lost answer, a killed worker or a retry finds the same job by it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

#: Field of an owner that changes when the owner starts over, in Airflow by a clear.
GENERATION = "generation"
#: A higher number of submissions of one owner points to a fault.
MAX_SUBMISSIONS = 1000


def submission_token(owner: Mapping[str, Any], ended: int = 0) -> str:
    """Return a token of 64 hexadecimal digits.

    :param owner: identity of the submitter: DAG, run, task, map index, ``generation``; plain JSON values
    :param ended: number of submissions of this owner that have ended
    """
    text = json.dumps([dict(owner), ended], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def series_token(owner: Mapping[str, Any]) -> str:
    """Return the token of 64 hexadecimal digits that all generations of an owner share."""
    return submission_token({name: value for name, value in owner.items() if name != GENERATION})
