"""Isolation where the machine allows no namespace: mapped paths in the command are replaced by private ones."""

from __future__ import annotations

import re
from collections.abc import Mapping

# A path begins where no file name goes on: at the start, after a quote or "=", or after an option like -I.
_BEGIN = r"(?:(?<![\w.~/-])|(?<=^-[A-Za-z])|(?<=[\s'\"]-[A-Za-z]))"
# And ends where the last name of it does not go on.
_END = r"(?![\w.@%+~-])"


class Rewriter:
    """Replaces local paths in texts.

    :param places: path as the job knows it, in normal form, and where its files really are
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places
        longest_first = sorted(places, key=len, reverse=True)
        self._pattern = re.compile(_BEGIN + "(" + "|".join(map(re.escape, longest_first)) + ")" + _END)

    def __call__(self, text: str) -> str:
        """Return ``text`` with every mapped path in it replaced; ``/home/x`` is not part of ``/home/xy``."""
        return self._pattern.sub(lambda match: self._places[match.group(1)], text)
