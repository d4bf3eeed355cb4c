"""Query parameters of listings: Marker, MaxItemCount and State."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_bcs.batchcompute.facts import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, STATES
from airflow_provider_bcs.local.error_response import invalid


def max_item_count(query: Mapping[str, str]) -> int:
    """Return MaxItemCount, or its default when it is not given.

    :raises ErrorResponse: InvalidMaxItemCount
    """
    text = query.get("MaxItemCount", "")
    if not text:
        return DEFAULT_PAGE_SIZE
    count = _integer(text)
    if count is None:
        raise invalid("MaxItemCount", "Its type must be integer.")
    if not 0 <= count <= MAX_PAGE_SIZE:
        raise invalid("MaxItemCount", f"It must be in [0, {MAX_PAGE_SIZE}].")
    return count


def state_filter(query: Mapping[str, str]) -> str:
    """Return the parameter State; empty selects all states.

    :raises ErrorResponse: InvalidState for an unknown state (assumption)
    """
    state = query.get("State", "")
    if state and state not in STATES:
        raise invalid("State", f"It must be one of {', '.join(STATES)}.")
    return state


def numeric_marker(query: Mapping[str, str]) -> int:
    """Return the Marker of a listing with numeric markers, or 0 when it is not given.

    :raises ErrorResponse: InvalidMarker
    """
    text = query.get("Marker", "")
    number = _integer(text) if text else 0
    if number is None or number < 0:
        raise invalid("Marker", "It must be a marker that a listing returned.")
    return number


def is_true(query: Mapping[str, str], name: str) -> bool:
    """Return a boolean parameter; it is not case-sensitive.

    :raises ErrorResponse: when it is neither ``true`` nor ``false``
    """
    text = query.get(name, "").lower()
    if text not in ("", "true", "false"):
        raise invalid(name, "Its type must be boolean.")
    return text == "true"


def page(items: list[dict[str, Any]], next_marker: str) -> dict[str, Any]:
    """Return the response body of a listing; NextMarker is empty on the last page."""
    return {"NextMarker": next_marker, "Items": items}


def _integer(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) <= 18 else None
