"""On which line of a file something stands that a violation is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml


class Positions:
    """The lines of a JSON or YAML text.

    :param text: valid JSON or YAML
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def line(self, path: str) -> int | None:
        """Return the line, from 1, of the field at a dotted path, or of the nearest parent that is there.

        None when the text has no lines to tell, because it is JSON that YAML cannot express.
        """
        if self._root is None:
            return None
        return _walk(self._root, path.split("."), self._root.start_mark.line)[1] + 1

    @cached_property
    def _root(self) -> yaml.Node | None:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        # JSON may be indented with tabs and escape halves of a character, YAML may not; neither has to do with lines.
        text = re.sub(r"\\u[dD][89a-fA-F]", r"\\u00", self._text.replace("\t", " "))
        try:
            root: yaml.Node | None = yaml.compose(text, loader)
        except (yaml.YAMLError, RecursionError):
            return None
        return root


def _walk(node: yaml.Node, names: Sequence[str], line: int) -> tuple[int, int]:
    """Walk down as far as the names lead; return how many are left over, and the line of what was found.

    :param line: where ``node`` stands
    """
    found = [(len(names), line)]
    # Keys may hold dots, such as those of EnvVars and of InputMapping: the longest counts.
    for count in range(len(names), 0, -1):
        if child := _child(node, ".".join(names[:count])):
            found.append(_walk(child[1], names[count:], child[0]))
    return min(found, key=itemgetter(0))


def _child(node: yaml.Node, name: str) -> tuple[int, yaml.Node] | None:
    """Return the line of a key or an element, and what stands there."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line, value) for key, value in node.value if key.value == name), None)
    if isinstance(node, yaml.SequenceNode) and name.isdecimal() and int(name) < len(node.value):
        element = node.value[int(name)]
        return element.start_mark.line, element
    return None
