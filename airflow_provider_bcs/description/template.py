"""Recognise values that Airflow has yet to render."""

from __future__ import annotations


def is_template(value: object) -> bool:
    """Tell whether ``value`` is text with a Jinja expression, statement or comment, or another task's output."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value or "{#" in value
    # What Airflow resolves at execute time (XComArg and its kin) has this method.
    return hasattr(value, "resolve")
