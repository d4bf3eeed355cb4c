"""Plain values as Python code, laid out as ``ruff format`` does: one item a line, double quotes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_INDENT = "    "


def literal(value: Any, depth: int = 0) -> str:
    """Return code that evaluates to ``value``: text, numbers, booleans, None, and lists and dicts of them.

    :param depth: how deep the line is indented that the code begins on
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        items = [f"{_text(key)}: {literal(element, depth + 1)}" for key, element in value.items()]
        return bracketed("{", items, "}", depth)
    if isinstance(value, (list, tuple)):
        return bracketed("[", [literal(element, depth + 1) for element in value], "]", depth)
    # 1e+16 is how Python writes it, 1e16 how formatters do.
    return repr(value).replace("e+", "e")


def bracketed(opening: str, items: list[str], closing: str, depth: int) -> str:
    """Return items in brackets, each on a line of its own."""
    if not items:
        return opening + closing
    lines = [f"{_INDENT * (depth + 1)}{item}," for item in items]
    return "\n".join([opening, *lines, f"{_INDENT * depth}{closing}"])


def _text(value: str) -> str:
    quote = "'" if value.count('"') > value.count("'") else '"'
    return quote + "".join(_escaped(character, quote) for character in value) + quote


def _escaped(character: str, quote: str) -> str:
    if character in "'\"":
        return f"\\{character}" if character == quote else character
    # repr() escapes what cannot be printed, and what is no character at all.
    return repr(character)[1:-1]
