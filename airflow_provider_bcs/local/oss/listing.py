"""A page of the keys of a bucket, as both versions of ListObjects have it."""

from __future__ import annotations

from dataclasses import dataclass

from .walk import LAST, Walk


@dataclass(frozen=True)
class Page:
    """Keys, and the common prefixes of those that have the delimiter in them.

    :ivar entries: keys and common prefixes as they follow each other
    :ivar next: where the next page begins: behind this; empty when there is none
    """

    entries: list[str]
    prefixes: set[str]
    next: str


def page(walk: Walk, delimiter: str, size: int) -> Page:
    """Return the next ``size`` keys and common prefixes.

    :param walk: not begun yet; its ``prefix`` and ``after`` say which keys are asked for
    """
    entries: list[str] = []
    prefixes: set[str] = set()
    is_within = delimiter and walk.after.startswith(walk.prefix)
    if is_within and walk.after.removeprefix(walk.prefix).partition(delimiter)[1:] == (delimiter, ""):
        # The page before ended with this common prefix.
        walk.after += LAST
    for key in walk:
        if len(entries) == size:
            return Page(entries, prefixes, entries[-1] if entries else "")
        head, found, _ = key[len(walk.prefix) :].partition(delimiter) if delimiter else (key, "", "")
        if found:
            common = walk.prefix + head + delimiter
            entries.append(common)
            prefixes.add(common)
            walk.after = common + LAST
        else:
            entries.append(key)
    return Page(entries, prefixes, "")
