"""Texts of a description as Markdown that says what a job does: no text breaks the page, and no secret is in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from .secrets import without_secrets

__all__ = ["bullets", "cell", "code", "field", "pairs", "plain"]

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


def field(name: str, text: str) -> str:
    """Return one line of a page, nothing for an empty text.

    >>> field("Image", code("python:3.12"))
    '- **Image** `python:3.12`'
    """
    return f"- **{name}** {text}" if text else ""


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


def bullets(lines: Iterable[str]) -> str:
    """Return the lines of a page without the empty ones."""
    return "\n".join(filter(None, lines))


def _line(value: Any, most: int) -> str:
    text = value if isinstance(value, str) else "" if value is None else str(value)
    # Secrets first: a secret that is cut may not look like one any more.
    text = without_secrets(text)
    text = " ".join(text[: 2 * most].split())
    if len(text) > most:
        text = text[: most - 1] + "…"
    return text if text.isprintable() else "".join(each if each.isprintable() else "�" for each in text)
