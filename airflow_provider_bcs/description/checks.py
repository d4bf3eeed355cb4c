"""Checks that rules consist of: a condition, the service's message when it fails, and advice.

The messages are those of the CreateJob error table of BatchCompute, word for word; the advice is this project's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """A condition on one value.

    :ivar passes: return whether a value meets the condition
    :ivar tail: the text after "Specified parameter X is not valid." in the service's message; may be empty
    :ivar expected: a description of valid values, for the advice "Found X; expected Y."
    :ivar is_type: whether the other checks cannot read the value when this one fails
    :ivar known: all valid words; when given, the advice names the nearest of them instead of ``expected``
    :ivar is_warning: whether the service may accept a value that fails, because it still gets new values

    >>> at_least(1).passes(0)
    False
    """

    passes: Callable[[Any], bool]
    tail: str
    expected: str = ""
    is_type: bool = False
    known: tuple[str, ...] = ()
    is_warning: bool = False


def _type(service_name: str, expected: str, *types: type) -> Check:
    # type() and not isinstance(): for JSON a boolean is no integer.
    return Check(lambda value: type(value) in types, f"Its type must be {service_name}.", expected, is_type=True)


STRING = _type("string", "a string", str)
INTEGER = _type("integer", "a whole number without quotes", int)
BOOLEAN = _type("boolean", "true or false without quotes", bool)
OBJECT = _type("object", "an object in braces", dict)
ARRAY = _type("array", "an array in brackets", list, tuple)
NUMBER = Check(
    # A whole number may have more digits than a float can hold.
    lambda value: type(value) is int or (type(value) is float and math.isfinite(value)),
    "Its type must be number.",
    "a number without quotes",
    is_type=True,
)


def length(low: int, high: int) -> Check:
    """Return a check for a text of ``low`` to ``high`` characters."""
    return Check(
        lambda value: low <= len(value) <= high,
        f"Its length must be in [{low}, {high}].",
        f"{low} to {high} characters",
    )


def size(low: int, high: int) -> Check:
    """Return a check for an object of ``low`` to ``high`` entries."""
    return Check(
        lambda value: low <= len(value) <= high,
        f"Its size must be in [{low}, {high}].",
        f"{low} to {high} entries",
    )


def number_range(low: int, high: int) -> Check:
    """Return a check for a number from ``low`` to ``high``, both included."""
    return Check(
        lambda value: low <= value <= high,
        f"It must be in [{low}, {high}].",
        f"a number from {low} to {high}",
    )


def at_least(low: int) -> Check:
    """Return a check for a number from ``low`` on. The service's table gives no message for this one."""
    return Check(lambda value: value >= low, "", f"a whole number of at least {low}")


def one_of(*values: str) -> Check:
    """Return a check for one of the words that the service knows."""
    return Check(lambda value: value in values, "", "one of " + ", ".join(values))
