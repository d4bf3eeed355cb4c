"""On which line of a file something stands that a violation is about."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
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
        return _line(self._root, path.split("."), self._root.start_mark.line) + 1

    @cached_property
    def _root(self) -> yaml.Node | None:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            # JSON may be indented with tabs, YAML may not; none can stand within a JSON string.
            root: yaml.Node | None = yaml.compose(self._text.replace("\t", " "), loader)
        except (yaml.YAMLError, RecursionError):
            return None
        return root


def _line(node: yaml.Node, names: Sequence[str], line: int) -> int:
    """Walk down as far as the names lead; ``line`` is where ``node`` stands."""
    for index in range(len(names), 0, -1):
        # Keys may hold dots, such as those of EnvVars and of InputMapping: the longest counts.
        if found := _child(node, ".".join(names[:index])):
            return _line(found[1], names[index:], found[0])
    return line


def _child(node: yaml.Node, name: str) -> tuple[int, yaml.Node] | None:
    """Return the line of a key or an element, and what stands there."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line, value) for key, value in node.value if key.value == name), None)
    if isinstance(node, yaml.SequenceNode) and name.isdecimal() and int(name) < len(node.value):
        element = node.value[int(name)]
        return element.start_mark.line, element
    return None
