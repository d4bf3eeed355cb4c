"""Page of the keys of a bucket, for ListObjects and ListObjectsV2."""

from __future__ import annotations

from dataclasses import dataclass

from .walk import LAST, Walk


@dataclass(frozen=True)
class Page:
    """Page of keys and common prefixes.

    :ivar entries: keys and common prefixes in order
    :ivar prefixes: the entries that are common prefixes
    :ivar next: entry after which the next page begins; empty on the last page
    """

    entries: list[str]
    prefixes: set[str]
    next: str


def page(walk: Walk, delimiter: str, size: int) -> Page:
    """Return the next ``size`` keys and common prefixes.

    :param walk: unused walk; its ``prefix`` and ``after`` select the keys
    """
    entries: list[str] = []
    prefixes: set[str] = set()
    is_within = delimiter and walk.after.startswith(walk.prefix)
    if is_within and walk.after.removeprefix(walk.prefix).partition(delimiter)[1:] == (delimiter, ""):
        # The previous page ended with this common prefix.
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
