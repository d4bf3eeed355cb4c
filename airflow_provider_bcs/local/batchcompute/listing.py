"""Pages of a listing: the query parameters Marker and MaxItemCount, and what is filtered by State."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_bcs.batchcompute.facts import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, STATES
from airflow_provider_bcs.local.api_error import invalid


def max_item_count(query: Mapping[str, str]) -> int:
    """Return MaxItemCount, or its default when it is not given.

    :raises ApiError: InvalidMaxItemCount
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
    """Return the State to list, empty for all. That an unknown word is InvalidState is an assumption.

    :raises ApiError: InvalidState
    """
    state = query.get("State", "")
    if state and state not in STATES:
        raise invalid("State", f"It must be one of {', '.join(STATES)}.")
    return state


def numeric_marker(query: Mapping[str, str]) -> int:
    """Return a Marker that is a position, 0 when it is not given.

    :raises ApiError: InvalidMarker
    """
    text = query.get("Marker", "")
    number = _integer(text) if text else 0
    if number is None or number < 0:
        raise invalid("Marker", "It must be a marker that a listing returned.")
    return number


def is_true(query: Mapping[str, str], name: str) -> bool:
    """:raises ApiError: when the parameter is neither true nor false, in whatever case"""
    text = query.get(name, "").lower()
    if text not in ("", "true", "false"):
        raise invalid(name, "Its type must be boolean.")
    return text == "true"


def page(items: list[dict[str, Any]], next_marker: str) -> dict[str, Any]:
    """Return the body of a listing; the key NextMarker is always there, empty on the last page."""
    return {"NextMarker": next_marker, "Items": items}


def _integer(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) <= 18 else None
