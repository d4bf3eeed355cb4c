"""Apply a table of rules to a description and report everything that is wrong at once.

A row names a field and its checks in the order the service makes them. In a path, ``{key}`` (or any other name in
braces) stands for the keys of a map, ``[]`` for the elements of an array. A check on the key of a map has a row that
ends in the braces; one on the value, a row that goes on with ``.value``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .checks import Check
from .secrets import without_secrets
from .suggestion import did_you_mean
from .template import is_template
from .violation import Violation

#: A path and the checks on what stands there.
Row = tuple[str, tuple[Check, ...]]


@dataclass(frozen=True)
class Wording:
    """What a service says to a wrong and to a missing field.

    :ivar invalid: name of the field, what the check adds -> code and message
    :ivar missing: name of the field -> code and message
    :ivar by_path: give these two the path of a field for its name; the value of a map's entry is then named by its
        key alone, without ``.value``
    """

    invalid: Callable[[str, str], tuple[str, str]]
    missing: Callable[[str], tuple[str, str]]
    by_path: bool = False


@dataclass
class _Node:
    """The rules of one place in a description, compiled from the table's paths."""

    checks: tuple[Check, ...] = ()
    key_checks: tuple[Check, ...] = ()
    fields: dict[str, _Node] = field(default_factory=dict)
    value: _Node | None = None
    required: bool = False
    may_be_empty: bool = False


def is_absent(value: object) -> bool:
    """Tell whether a field counts as not given: clients send null or an empty string for "not set"."""
    return value is None or value == ""


class RuleTable:
    """A table of rules, compiled.

    :param rows: the rules; several rows of one path add up
    :param required: the paths whose absence is an error
    :param may_be_empty: those of them that may be an empty text
    :param secret: names of fields; values at or below them are never shown
    """

    def __init__(
        self,
        rows: Iterable[Row],
        wording: Wording,
        *,
        required: Collection[str] = (),
        may_be_empty: Collection[str] = (),
        secret: Collection[str] = (),
    ) -> None:
        self._wording = wording
        self._secret = frozenset(secret)
        self._root = _Node()
        for path, checks in rows:
            node, names = self._root, path.split(".")
            for name in names[:-1]:
                node = _child(node, name)
            if names[-1].startswith("{"):
                node.key_checks += checks
                node.value = node.value or _Node()
            else:
                node = _child(node, names[-1])
                node.checks += checks
                node.required = path in required
                node.may_be_empty = path in may_be_empty

    def check(self, description: Mapping[str, Any], *, templates: bool) -> Iterator[Violation]:
        """Yield all violations, in the order of the table.

        :param templates: leave values alone that hold a Jinja template, since they are known only after rendering
        """
        return self._walk(self._root, description, "", "", templates)

    def _walk(self, node: _Node, value: Any, path: str, name: str, templates: bool) -> Iterator[Violation]:
        for check in node.checks:
            if not check.passes(value):
                yield self._violation(path, name, check, value)
                if check.is_type:
                    return
        if isinstance(value, Mapping):
            if node.fields:
                yield from self._walk_fields(node, value, path, templates)
            elif node.value is not None:
                yield from self._walk_map(node, value, path, name, templates)
        elif node.value is not None and isinstance(value, (list, tuple)):
            for index, element in enumerate(value):
                if not (templates and is_template(element)):
                    yield from self._walk(node.value, element, f"{path}.{index}", name, templates)

    def _walk_fields(self, node: _Node, value: Mapping[str, Any], path: str, templates: bool) -> Iterator[Violation]:
        prefix = f"{path}." if path else ""
        for name in value:
            if name not in node.fields:
                yield self._unknown(node, name, f"{prefix}{name}")
        for name, child in node.fields.items():
            found = value.get(name)
            if is_absent(found):
                if child.required and not (child.may_be_empty and found == ""):
                    subject = f"{prefix}{name}" if self._wording.by_path else name
                    advice = f"Add {name} to the description."
                    yield Violation(f"{prefix}{name}", *self._wording.missing(subject), advice)
            elif not (templates and is_template(found)):
                yield from self._walk(child, found, f"{prefix}{name}", name, templates)

    def _walk_map(
        self, node: _Node, value: Mapping[str, Any], path: str, name: str, templates: bool
    ) -> Iterator[Violation]:
        assert node.value is not None
        for key, element in value.items():
            here, key_name = f"{path}.{key}", f"{name}.{key}"
            if not (templates and is_template(key)):
                for check in node.key_checks:
                    if not check.passes(key):
                        yield self._violation(here, key_name, check, key)
            if not (templates and is_template(element)):
                value_path = here if node.value.fields or self._wording.by_path else f"{here}.value"
                yield from self._walk(node.value, element, value_path, f"{key_name}.value", templates)

    def _violation(self, path: str, name: str, check: Check, value: Any) -> Violation:
        secret = not self._secret.isdisjoint(path.split("."))
        right = did_you_mean(value, check.known) if check.known else f"; right is {check.right}."
        return self._invalid(path, name, check.tail, f"Found {shown(value, secret)}{right}")

    def _unknown(self, node: _Node, name: str, path: str) -> Violation:
        return self._invalid(path, name, "", f"There is no such field{did_you_mean(name, node.fields)}")

    def _invalid(self, path: str, name: str, tail: str, advice: str) -> Violation:
        subject = path if self._wording.by_path else name
        return Violation(path, *self._wording.invalid(subject, tail), advice)


def _child(node: _Node, name: str) -> _Node:
    if name.startswith("{") or name == "[]":
        node.value = node.value or _Node()
        return node.value
    if name == "value":
        return node
    return node.fields.setdefault(name, _Node())


def shown(value: Any, secret: bool) -> str:
    """Say in an error what was found; of a secret only what kind of value it is."""
    kind = "null" if value is None else type(value).__name__
    if isinstance(value, (str, list, dict)):
        kind += f" of length {len(value)}"
    if secret or isinstance(value, (list, tuple, dict)):
        return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    text = repr(without_secrets(value))
    return text if len(text) <= 60 else f"{text[:60]}... ({kind})"
