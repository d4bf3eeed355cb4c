"""On which line of a file something stands that a violation is about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml

#: Half of a character, escaped; YAML has no such thing.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
#: What JSON allows within a text, and YAML takes for the end of a line or does not allow at all.
_HARMLESS = dict.fromkeys([*range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF], "\N{REPLACEMENT CHARACTER}")
#: A key for which YAML, which looks ahead 1,024 characters, needs a question mark.
_LONG_KEY = re.compile(r'(?<=[{,\s])"(?:[^"\\\n]|\\.){500,10000}"(?=\s*:)')


class Positions:
    """The lines of a JSON or YAML text.

    :param text: valid JSON or YAML
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._indexes: dict[yaml.Node, Mapping[str, tuple[int, yaml.Node]]] = {}

    def line(self, path: str) -> int | None:
        """Return the line, from 1, of the field at a dotted path, or of the nearest parent that is there.

        None when the text has no lines to tell, because it is JSON that YAML cannot express.
        """
        if self._root is None:
            return None
        names = path.translate(_HARMLESS).split(".")
        return self._walk(self._root, names, self._root.start_mark.line)[1] + 1

    @cached_property
    def _root(self) -> yaml.Node | None:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        # JSON may be indented with tabs, YAML may not. None of what is replaced has to do with lines.
        text = self._text.replace("\t", " ").translate(_HARMLESS)
        text = _LONG_KEY.sub(r"? \g<0>", _SURROGATE.sub(r"\\u00", text))
        try:
            root: yaml.Node | None = yaml.compose(text, loader)
        except (yaml.YAMLError, RecursionError):
            return None
        return root

    def _walk(self, node: yaml.Node, names: Sequence[str], line: int) -> tuple[int, int]:
        """Walk down as far as the names lead; return how many are left over, and the line of what was found.

        :param line: where ``node`` stands
        """
        found = [(len(names), line)]
        # Keys may hold dots, such as those of EnvVars and of InputMapping: the longest counts.
        for count in range(len(names), 0, -1):
            if child := self._child(node, ".".join(names[:count])):
                found.append(self._walk(child[1], names[count:], child[0]))
        return min(found, key=itemgetter(0))

    def _child(self, node: yaml.Node, name: str) -> tuple[int, yaml.Node] | None:
        """Return the line of a key or an element, and what stands there."""
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
    """Return the line of each key, and what stands there."""
    return {
        key.value.translate(_HARMLESS): (key.start_mark.line, value)
        for key, value in node.value
        if isinstance(key.value, str)
    }
