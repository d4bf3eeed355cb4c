"""Recognise values that Airflow has yet to render."""

from __future__ import annotations


def is_template(value: object) -> bool:
    """Tell whether ``value`` is text that holds a Jinja expression, statement or comment."""
    return isinstance(value, str) and any(mark in value for mark in ("{{", "{%", "{#"))
