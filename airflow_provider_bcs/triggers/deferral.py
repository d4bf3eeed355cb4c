"""Deferral of a task to a trigger: its default, and its result.

Operators import this module and not the triggers: the import of Airflow's base of triggers takes 10 ms of each parse of
a DAG file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.common.compat.sdk import conf

from airflow_provider_bcs.exceptions import UnreachableError, WaitAbortedError

__all__ = ["DEFERRABLE", "state_of"]

#: Default of ``deferrable``: Airflow's option ``default_deferrable``.
DEFERRABLE: bool = conf.getboolean("operators", "default_deferrable", fallback=False)


def state_of(event: Mapping[str, Any], awaited: object) -> str:
    """Return the terminal state from the event of a :class:`~.state.StateTrigger`.

    :param event: payload of an event that is no timeout
    :param awaited: name of the target, for the error
    :raises UnreachableError: when the trigger has given up because the service did not serve the polls
    :raises WaitAbortedError: when the trigger has given up for another reason
    """
    if event.get("error"):
        kind = UnreachableError if event.get("unreachable") else WaitAbortedError
        raise kind(f"Waiting for {awaited} was given up: {event['error']}")
    return str(event["state"])
