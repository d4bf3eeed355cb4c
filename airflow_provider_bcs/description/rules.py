"""Apply a table of rules to a description, and report all violations at once.

A row names a field and its checks, in the order in which the service makes them. In a path, ``{key}`` (or any other
name in braces) stands for the keys of a map, and ``[]`` for the elements of an array. A row for the key of a map ends
in the braces; a row for the value of that key ends in ``.value``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from .checks import Check
from .secrets import without_secrets
from .values import is_absent, is_given, is_template
from .violation import Violation, did_you_mean

#: A path, and the checks on the value there.
Row = tuple[str, tuple[Check, ...]]


@dataclass(frozen=True)
class Wording:
    """Error codes and messages of a service for a wrong field and for a missing one.

    :ivar invalid: name of the field, tail of the check -> code and message
    :ivar missing: name of the field -> code and message
    :ivar by_path: give these two functions the path of a field instead of its name; the path of a value in a map then
        ends in the key, without ``.value``
    :ivar grows: whether the service still gets new fields; an unknown field is then a warning
    """

    invalid: Callable[[str, str], tuple[str, str]]
    missing: Callable[[str], tuple[str, str]]
    by_path: bool = False
    grows: bool = False


@dataclass
class _Node:
    """The rules for one place in a description, compiled from the paths of the table."""

    checks: tuple[Check, ...] = ()
    key_checks: tuple[Check, ...] = ()
    fields: dict[str, _Node] = field(default_factory=dict)
    value: _Node | None = None
    is_array: bool = False
    required: bool = False
    may_be_empty: bool = False
    needed: bool = False


class RuleTable:
    """A compiled table of rules.

    :param rows: the rules; several rows for one path add up
    :param required: paths of the fields whose absence is an error
    :param may_be_empty: those of them for which an empty text is no absence
    :param empty_is_absent: whether an empty object or array means "not set" in a field of any type
    :param needed: paths of the fields that the provider itself reads: a missing one, or one of another type, is final
    :param secret: names of fields; advice never shows values at or below them

    >>> from airflow_provider_bcs.http.facts import invalid_parameter, missing_parameter
    >>> from .checks import INTEGER, number_range
    >>> rows = [("Priority", (INTEGER, number_range(0, 1000)))]
    >>> table = RuleTable(rows, Wording(invalid_parameter, missing_parameter))
    >>> [str(found) for found in table.check({"Priority": 1001}, templates=False)] == [
    ...     "Priority: InvalidPriority: Specified parameter Priority is not valid. It must be in [0, 1000]."
    ...     " Found 1001; expected a number from 0 to 1000."
    ... ]
    True
    """

    def __init__(
        self,
        rows: Iterable[Row],
        wording: Wording,
        *,
        required: Collection[str] = (),
        may_be_empty: Collection[str] = (),
        empty_is_absent: bool = False,
        needed: Collection[str] = (),
        secret: Collection[str] = (),
    ) -> None:
        self._wording = wording
        self._is_absent = _is_absent_or_empty if empty_is_absent else is_absent
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
        for path in required:
            self._node(path).required = True
        for path in may_be_empty:
            self._node(path).may_be_empty = True
        for path in needed:
            self._node(path).needed = True

    @cached_property
    def _parents(self) -> dict[str, list[str]]:
        """Name of a field -> the objects that have it, by their own names; the description itself has none."""
        found: dict[str, list[str]] = {}

        def walk(node: _Node, parent: str) -> None:
            for name, child in node.fields.items():
                if parent:
                    found.setdefault(name, []).append(parent)
                walk(child, name)
            if node.value is not None:
                walk(node.value, parent)

        walk(self._root, "")
        return found

    def _node(self, path: str) -> _Node:
        node = self._root
        for name in path.split("."):
            node = _child(node, name)
        return node

    def check(self, description: Mapping[str, Any], *, templates: bool) -> Iterator[Violation]:
        """Yield all violations, in the order of the table.

        :param description: plain values
        :param templates: skip values with a Jinja template, because Airflow has yet to render them
        """
        return self._walk(self._root, description, "", "", templates)

    def near_field(self, name: str) -> str | None:
        """Return the end of a sentence about a name that ``ignore`` lists: the nearest field; None for a known field.

        A name may lack the key of a map and the number of an element.
        """
        task = self._root.fields.get("DAG", _Node()).fields.get("Tasks", _Node()).value
        roots = [self._root, task] if task else [self._root]
        if any(_knows(root, name.split(".")) for root in roots):
            return None
        paths = [path for root in roots for path in _paths(root, "") if not path.startswith("DAG.Tasks.")]
        return did_you_mean(name, paths)

    def _walk(self, node: _Node, value: Any, path: str, name: str, templates: bool) -> Iterator[Violation]:
        for check in node.checks:
            if not check.passes(value):
                found = self._violation(path, name, check, value)
                yield replace(found, is_final=True) if check.is_type and node.needed else found
                if check.is_type:
                    return
        # Most values have nothing below, and to tell that a value is no mapping takes long.
        if node.fields or node.value is not None:
            yield from self._walk_below(node, value, path, name, templates)

    def _walk_below(self, node: _Node, value: Any, path: str, name: str, templates: bool) -> Iterator[Violation]:
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
            if self._is_absent(found):
                if child.required and not (child.may_be_empty and found == ""):
                    subject = f"{prefix}{name}" if self._wording.by_path else name
                    advice = f"Add {name} to the description."
                    yield Violation(f"{prefix}{name}", *self._wording.missing(subject), advice, is_final=child.needed)
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
        expected = did_you_mean(value, check.known) if check.known else f"; expected {check.expected}."
        found = self._invalid(path, name, check.tail, f"Found {shown(value, secret)}{expected}")
        return replace(found, is_warning=True) if check.is_warning else found

    def _unknown(self, node: _Node, name: str, path: str) -> Violation:
        near = did_you_mean(name, node.fields)
        if len(parents := self._parents.get(name, [])) == 1:
            near = f" here; it belongs in {parents[0]}."
        found = self._invalid(path, name, "", f"There is no such field{near}")
        if self._wording.grows:
            return replace(found, advice=f"Found a field that is not known here{near}", is_warning=True)
        return found

    def _invalid(self, path: str, name: str, tail: str, advice: str) -> Violation:
        subject = path if self._wording.by_path else name
        return Violation(path, *self._wording.invalid(subject, tail), advice)


def _child(node: _Node, name: str) -> _Node:
    if name.startswith("{") or name == "[]":
        node.value, node.is_array = node.value or _Node(), name == "[]"
        return node.value
    if name == "value":
        return node
    return node.fields.setdefault(name, _Node())


def _knows(node: _Node, names: list[str]) -> bool:
    if not names:
        return True
    if names[0] in node.fields:
        return _knows(node.fields[names[0]], names[1:])
    if node.value is None:
        return False
    # The keys of a map without fields of its own may hold dots.
    is_key = not node.is_array or names[0].isdecimal()
    return not node.value.fields or _knows(node.value, names) or (is_key and _knows(node.value, names[1:]))


def _paths(node: _Node, path: str) -> Iterator[str]:
    for name, child in (node.value or node).fields.items():
        here = f"{path}.{name}" if path else name
        yield here
        yield from _paths(child, here)


def _is_absent_or_empty(value: object) -> bool:
    return not is_given(value)


def shown(value: Any, secret: bool) -> str:
    """Return a value for an advice: its text, or only its kind and length when it is secret, long or a container."""
    kind = "null" if value is None else type(value).__name__
    if isinstance(value, (str, list, dict)):
        kind += f" of length {len(value)}"
    if secret or isinstance(value, (list, tuple, dict)):
        return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    text = repr(without_secrets(value))
    return text if len(text) <= 60 else f"{text[:60]}... ({kind})"
