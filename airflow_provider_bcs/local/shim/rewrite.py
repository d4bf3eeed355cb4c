"""Isolation without namespaces: private paths replace the mapped paths in the command."""

from __future__ import annotations

import re
from collections.abc import Mapping

# A path begins where no file name continues: at the start, after a quote or "=", or after an option like -I.
_BEGIN = r"(?:(?<![\w.~/-])|(?<=^-[A-Za-z])|(?<=[\s'\"]-[A-Za-z]))"
# A path ends where its last segment does not continue.
_END = r"(?![\w.@%+~-])"


class Rewriter:
    """Function that replaces mapped paths in a text.

    :param places: real paths by local path in normal form
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places
        longest_first = sorted(places, key=len, reverse=True)
        self._pattern = re.compile(_BEGIN + "(" + "|".join(map(re.escape, longest_first)) + ")" + _END)

    def __call__(self, text: str) -> str:
        """Return ``text`` with every mapped path in it replaced; ``/home/x`` is not part of ``/home/xy``."""
        return self._pattern.sub(lambda match: self._places[match.group(1)], text)
