"""Query parameters and bodies of requests."""

from __future__ import annotations

import calendar
import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from airflow_provider_bcs.dlc.facts import DEFAULT_LOOK_BACK
from airflow_provider_bcs.local.shim.clock import Clock

from .errors import invalid


class Window(NamedTuple):
    """Time window in whole seconds, both ends included; ``start`` None means unlimited."""

    start: int | None
    end: int


def window(query: Mapping[str, str], clock: Clock, seconds: float | None = DEFAULT_LOOK_BACK.total_seconds()) -> Window:
    """Return the window of StartTime and EndTime.

    :param seconds: length of the default window, which ends now; None for an unlimited window
    :raises ErrorResponse: InvalidParameter
    """
    now = clock.now()
    default = None if seconds is None else int(now - seconds)
    start, end = _moment(query, "StartTime"), _moment(query, "EndTime")
    return Window(default if start is None else max(0, start), int(now) if end is None else min(end, int(now)))


def _moment(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        raise invalid(name, "Its form must be YYYY-MM-DDTHH:MM:SSZ.") from None


def integer(query: Mapping[str, str], name: str, default: int, low: int, high: int | None = None) -> int:
    """Return an integer parameter.

    :raises ErrorResponse: InvalidParameter, unless it is an integer from ``low`` to ``high``
    """
    text = query.get(name, "")
    if not text:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
        raise invalid(name, "It must be an integer.")
    if int(text) < low or (high is not None and int(text) > high):
        raise invalid(name, f"It must be at least {low}." if high is None else f"It must be in [{low}, {high}].")
    return int(text)


def is_true(query: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    """Return a boolean parameter; it is not case-sensitive.

    :raises ErrorResponse: InvalidParameter when it is neither ``true`` nor ``false``
    """
    text = query.get(name, "").lower()
    if text not in ("", "true", "false"):
        raise invalid(name, "It must be true or false.")
    return text == "true" if text else default


def choice(query: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Return a parameter with a fixed set of values, as the set spells it.

    Assumption: letters of either case are accepted. The vendor's package alipai sorts machine types by ``Gpu``.

    :raises ErrorResponse: InvalidParameter, unless it is one of ``allowed``
    """
    given = (query.get(name, "") or default).lower()
    value = next((value for value in allowed if value.lower() == given), None)
    if value is None:
        raise invalid(name, f"It must be one of {', '.join(allowed)}.")
    return value


def text_map(query: Mapping[str, str], name: str) -> dict[str, str]:
    """Return a parameter that is a JSON object of strings.

    :raises ErrorResponse: InvalidParameter
    """
    value = _json(query.get(name, "") or "{}", name)
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise invalid(name, "It must be a JSON object of strings.")
    return value


def text_list(query: Mapping[str, str], name: str) -> list[str]:
    """Return a parameter that is a JSON array of strings.

    :raises ErrorResponse: InvalidParameter
    """
    value = _json(query.get(name, "") or "[]", name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid(name, "It must be a JSON array of strings.")
    return value


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a request body; an empty body stands for an empty object.

    :raises ErrorResponse: InvalidParameter, unless it is a JSON object in UTF-8
    """
    try:
        value = _json(body.decode() or "{}", "body")
        # A lone surrogate, such as "\\ud800", can be neither stored nor passed to a program.
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        raise invalid("body", "It must be UTF-8 text.") from None
    if not isinstance(value, dict):
        raise invalid("body", "It must be a JSON object.")
    return value


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise invalid(name, "It must be JSON.") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
