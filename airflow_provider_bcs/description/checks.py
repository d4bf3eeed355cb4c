"""The checks that rules are made of: each one a condition, what the service says when it fails, and advice.

The wording is that of the service's CreateJob error table; the advice is ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """A condition on one value.

    :ivar passes: the condition
    :ivar tail: what follows "Specified parameter X is not valid." in the service's message; may be empty
    :ivar right: what a right value looks like
    :ivar is_type: whether the value cannot be looked at any further when this fails
    :ivar known: the words that are right; when given, the advice names the nearest of them instead of ``right``
    """

    passes: Callable[[Any], bool]
    tail: str
    right: str = ""
    is_type: bool = False
    known: tuple[str, ...] = ()


def _type(service_name: str, right: str, *types: type) -> Check:
    # type() and not isinstance(): for JSON a boolean is no integer
    return Check(lambda value: type(value) in types, f"Its type must be {service_name}.", right, is_type=True)


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
    """Text of ``low`` to ``high`` characters."""
    return Check(
        lambda value: low <= len(value) <= high,
        f"Its length must be in [{low}, {high}].",
        f"{low} to {high} characters",
    )


def size(low: int, high: int) -> Check:
    """An object of ``low`` to ``high`` entries."""
    return Check(
        lambda value: low <= len(value) <= high,
        f"Its size must be in [{low}, {high}].",
        f"{low} to {high} entries",
    )


def number_range(low: int, high: int) -> Check:
    """A number from ``low`` to ``high``, both included."""
    return Check(
        lambda value: low <= value <= high,
        f"It must be in [{low}, {high}].",
        f"a number from {low} to {high}",
    )


def at_least(low: int) -> Check:
    """A number that the service's table gives no message for, but that cannot be smaller than ``low``."""
    return Check(lambda value: value >= low, "", f"a whole number of at least {low}")


def one_of(*values: str) -> Check:
    """One of the words the service knows."""
    return Check(lambda value: value in values, "", "one of " + ", ".join(values))
