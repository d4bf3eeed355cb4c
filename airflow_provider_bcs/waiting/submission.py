"""The token of a submission: a pure function of who submits and of how many submissions before are known to have ended.

So asking again after a lost answer, a dead worker or a retry finds the same job.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

#: What of an owner is another one after it was made to start over, in Airflow by a clear.
GENERATION = "generation"
#: More submissions of one owner than this are taken for a mistake.
MAX_SUBMISSIONS = 1000


def submission_token(owner: Mapping[str, Any], ended: int = 0) -> str:
    """Return a token of 64 hexadecimal digits.

    :param owner: who submits, e.g. dag, run, task, map index and ``generation``; plain JSON values
    :param ended: how many submissions of this owner are known to have ended
    """
    text = json.dumps([dict(owner), ended], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def series_token(owner: Mapping[str, Any]) -> str:
    """Return what the submissions of all generations of an owner have in common, of 64 hexadecimal digits."""
    return submission_token({name: value for name, value in owner.items() if name != GENERATION})
