"""Texts of a description as Markdown that says what a job does: no text breaks the page, and no secret is in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias

from .secrets import without_secrets

__all__ = ["Line", "cell", "code", "number", "page", "pairs", "plain", "seconds", "table", "variables"]

#: Line of a page: its name, its value, and the function that writes the value.
Line: TypeAlias = tuple[str, Any, Callable[[Any], str]]

#: Characters of a text that is shown; a page is part of the DAG that Airflow stores.
_MOST = 160
#: Entries of a mapping that are shown.
_MOST_ENTRIES = 4
# Characters with a meaning inside a line. Nothing here begins a line with a text of a description.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&])")
# A text that is shown as it is. One with a "=" or "@" may hold a secret, and so may JSON.
_PLAIN = re.compile(r"(?![\[{])[!-<>?A-_a-~][ -<>?A-_a-~]*")
_BACKTICKS = re.compile("`+")


def code(value: object, most: int = _MOST) -> str:
    """Return a value as inline code on one line, with ``***`` for its secrets; an empty text for an empty value.

    A template stays as it is. A text that is too long is cut.

    :param most: number of characters that are shown

    >>> code("echo a | grep b")
    '`echo a | grep b`'
    >>> code("curl -H TOKEN=abc `cat url`")
    '`` curl -H TOKEN=*** `cat url` ``'
    """
    # Nearly all values are short and plain, and a graph has thousands of them.
    if type(value) is str and _PLAIN.fullmatch(value) and len(value) <= most:
        return f"`{value}`"
    text = _line(value, most)
    if "`" not in text:
        return f"`{text}`" if text else ""
    # A longer row of backticks than any in the text is around it.
    fence = "`" * (1 + max(map(len, _BACKTICKS.findall(text))))
    return f"{fence} {text} {fence}"


def cell(value: object, most: int = _MOST) -> str:
    r"""Return a value as inline code for a cell of a table, where a pipe ends a cell even inside code.

    >>> cell("echo a | grep b")
    '`echo a \\| grep b`'
    """
    text = code(value, most)
    # Readers of Markdown disagree about a backslash before an escaped pipe.
    return text.replace("\\|", "\\ |").replace("|", "\\|") if "|" in text else text


def plain(value: object, most: int = _MOST) -> str:
    r"""Return a text as words without formatting, on one line.

    >>> plain("Count *all* primes\nup to 100")
    'Count \\*all\\* primes up to 100'
    """
    return _SPECIAL.sub(r"\\\1", _line(value, most)) if value else ""


def pairs(mapping: object, joint: str = " to ") -> str:
    """Return the entries of a mapping, the first few of many.

    >>> pairs({"oss://b/in/": "/home/in/"})
    '`oss://b/in/` to `/home/in/`'
    """
    if not mapping or not isinstance(mapping, Mapping):
        return code(mapping) if mapping else ""
    shown = [f"{code(key)}{joint}{code(value)}" for key, value in islice(mapping.items(), _MOST_ENTRIES)]
    if (more := len(mapping) - len(shown)) > 0:
        shown.append(f"and {more:,} more")
    return ", ".join(shown)


def variables(mapping: object) -> str:
    """Return the variables of a program, with ``***`` for those whose names tell of a secret.

    >>> variables({"MODE": "fast", "API_TOKEN": "hush"})
    '`MODE` = `fast`, `API_TOKEN` = `***`'
    """
    return pairs(without_secrets(mapping), joint=" = ") if mapping else ""


def number(value: object) -> str:
    """Return a number as it is, and a template of one as code."""
    return "" if value is None else str(value) if type(value) is int else code(value)


def seconds(value: object) -> str:
    """Return a number of seconds, nothing for 0."""
    return f"{number(value)} s" if value else ""


def page(lines: Iterable[Line]) -> str:
    """Return a page: a line for each value that has a text.

    >>> page([("Image", "python:3.12", code), ("Cluster", None, code), ("Instances", 3, number)])
    '- **Image** `python:3.12`\\n- **Instances** 3'
    """
    return "\n".join(f"- **{name}** {text}" for name, value, write in lines if (text := write(value)))


def table(columns: Mapping[str, int], rows: Sequence[Sequence[Any]], count: int = 0) -> str:
    """Return a table after an empty line; an empty text without rows.

    :param columns: head of each column -> number of characters that a cell of it shows
    :param rows: values of the cells; of a tuple, each value that is not empty
    :param count: number of all things that the table is about, when not each has a row

    >>> print(table({"Task": 20, "Instances": 10}, [("count", 3)], 8).strip())
    | Task | Instances |
    |---|---|
    | `count` | 3 |
    <BLANKLINE>
    and 7 more tasks
    """
    if not rows:
        return ""
    lines = ["", "", f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for row in rows:
        cells = (_cells(value, most) for value, most in zip(row, columns.values(), strict=True))
        lines.append(f"| {' | '.join(cells)} |")
    if (more := count - len(rows)) > 0:
        lines += ["", f"and {more:,} more {next(iter(columns)).lower()}s"]
    return "\n".join(lines)


def _cells(value: Any, most: int) -> str:
    if type(value) is int:
        return str(value)
    if isinstance(value, tuple):
        return " ".join(cell(each, most) for each in value if each)
    return cell(value, most)


def _line(value: Any, most: int) -> str:
    text = value if isinstance(value, str) else "" if value is None else str(value)
    # Secrets first: a secret that is cut may not look like one any more.
    text = without_secrets(text)
    text = " ".join(text[: 2 * most].split())
    if len(text) > most:
        text = text[: most - 1] + "…"
    return text if text.isprintable() else "".join(each if each.isprintable() else "�" for each in text)
