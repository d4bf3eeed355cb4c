"""Find the line of a field in a JSON or YAML text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml

#: Escaped half of a surrogate pair, which YAML does not know.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
#: Characters that JSON allows in a text, and YAML takes for the end of a line or forbids.
_HARMLESS = dict.fromkeys([*range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF], "\N{REPLACEMENT CHARACTER}")
#: A long key: YAML looks ahead 1,024 characters only, and needs a question mark before it.
_LONG_KEY = re.compile(r'(?<=[{,\s])"(?:[^"\\\n]|\\.){500,10000}"(?=\s*:)')


class Positions:
    """Lines of the fields in a JSON or YAML text.

    :param text: valid JSON or YAML

    >>> Positions("Name: job\\nPriority: 1001").line("Priority")
    2
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._indexes: dict[yaml.Node, Mapping[str, tuple[int, yaml.Node]]] = {}

    def line(self, path: str) -> int | None:
        """Return the line, from 1, of the field at a dotted path, or of its nearest parent in the text.

        Return None when YAML cannot express the JSON text.
        """
        if self._root is None:
            return None
        names = path.translate(_HARMLESS).split(".")
        return self._walk(self._root, names, self._root.start_mark.line)[1] + 1

    @cached_property
    def _root(self) -> yaml.Node | None:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        # JSON may be indented with tabs, YAML may not. No replacement changes the number of lines.
        text = self._text.replace("\t", " ").translate(_HARMLESS)
        text = _LONG_KEY.sub(r"? \g<0>", _SURROGATE.sub(r"\\u00", text))
        try:
            root: yaml.Node | None = yaml.compose(text, loader)
        except (yaml.YAMLError, RecursionError):
            return None
        return root

    def _walk(self, node: yaml.Node, names: Sequence[str], line: int) -> tuple[int, int]:
        """Follow the names down the tree; return the number of names that are left, and the line of the last node.

        :param line: line of ``node``
        """
        found = [(len(names), line)]
        # Keys of EnvVars and InputMapping may hold dots: the longest match counts.
        for count in range(len(names), 0, -1):
            if child := self._child(node, ".".join(names[:count])):
                found.append(self._walk(child[1], names[count:], child[0]))
        return min(found, key=itemgetter(0))

    def _child(self, node: yaml.Node, name: str) -> tuple[int, yaml.Node] | None:
        """Return the line of a key or an element, and its node."""
        import yaml

        if isinstance(node, yaml.MappingNode):
            if node not in self._indexes:
                self._indexes[node] = _index(node)
            return self._indexes[node].get(name)
        if isinstance(node, yaml.SequenceNode) and name.isdecimal() and int(name) < len(node.value):
            element = node.value[int(name)]
            return element.start_mark.line, element
        return None


def _index(node: yaml.MappingNode) -> dict[str, tuple[int, yaml.Node]]:
    """Return the line of each key, and the node of its value."""
    return {
        key.value.translate(_HARMLESS): (key.start_mark.line, value)
        for key, value in node.value
        if isinstance(key.value, str)
    }
