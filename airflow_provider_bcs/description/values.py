"""Recognise values that the rules do not judge: absent ones, and templates that Airflow has yet to render."""

from __future__ import annotations

from collections.abc import Iterable


def is_template(value: object) -> bool:
    """Return whether Airflow replaces ``value`` at execution time.

    That is a text with a Jinja expression, statement or comment, or the output of another task.

    >>> is_template("job-{{ ds }}"), is_template("job")
    (True, False)
    """
    if isinstance(value, str):
        return "{{" in value or "{%" in value or "{#" in value
    # XComArg and the other objects that Airflow resolves at execution time have this method.
    return hasattr(value, "resolve")


def first_template(values: Iterable[object]) -> object | None:
    """Return the first value that holds a template, None when there is none.

    >>> first_template(["count", "{{ ds }}"])
    '{{ ds }}'
    """
    return next((value for value in values if is_template(value)), None)


def is_absent(value: object) -> bool:
    """Return whether a field with this value counts as not set: clients send null or an empty text for "not set".

    >>> is_absent(None), is_absent(""), is_absent(0)
    (True, True, False)
    """
    return value is None or value == ""


def is_given(value: object) -> bool:
    """Return whether a field with this value counts as set where an empty object or array means "not set" too.

    >>> is_given({}), is_given([0])
    (False, True)
    """
    return not is_absent(value) and value not in ({}, [])
