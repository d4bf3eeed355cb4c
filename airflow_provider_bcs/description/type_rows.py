"""Rows of a table of rules that follow from typed models: the known fields, and the type of each."""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from .checks import ARRAY, BOOLEAN, INTEGER, NUMBER, OBJECT, STRING, Check
from .model import Description
from .rules import Row


def type_rows(model: type[Description], prefix: str = "", *, string: Check = STRING) -> Iterator[Row]:
    """Yield a row for each field of ``model`` and of the models in it, in their order.

    The function reads only annotations, so that pydantic builds no validator for it. A field that may hold values of
    several types gets a row without a check.

    :param prefix: the beginning of each path, with a dot at its end; empty for the whole description
    :param string: the check for a text
    :raises TypeError: for an annotation that no JSON type stands for

    >>> class Disk(Description):
    ...     Type: str | None = None
    ...     Size: int | None = None
    >>> [(path, *(check.expected for check in checks)) for path, checks in type_rows(Disk, "Disk.")]
    [('Disk.Type', 'a string'), ('Disk.Size', 'a whole number without quotes')]
    """
    scalars = {str: string, int: INTEGER, float: NUMBER, bool: BOOLEAN}

    def rows(annotation: Any, path: str) -> Iterator[Row]:
        origin, inner = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            yield from rows(inner[0], path)
        elif origin in (Union, UnionType):
            members = [member for member in inner if member is not NoneType]
            yield from rows(members[0] if len(members) == 1 else Any, path)
        elif origin is list:
            yield _value_of(path), (ARRAY,)
            yield from rows(inner[0], f"{path}.[]")
        elif origin is dict:
            yield _value_of(path), (OBJECT,)
            yield from rows(inner[1], f"{path}.{{key}}")
        elif annotation in scalars:
            yield _value_of(path), (scalars[annotation],)
        elif isinstance(annotation, type) and issubclass(annotation, Description):
            yield _value_of(path), (OBJECT,)
            yield from type_rows(annotation, f"{path}.", string=string)
        elif annotation is Any:
            yield _value_of(path), ()
        else:
            raise TypeError(f"{path}: found the annotation {annotation}; expected one that a JSON type stands for.")

    for name, field in model.model_fields.items():
        yield from rows(field.annotation, f"{prefix}{name}")


def _value_of(path: str) -> str:
    """Return the path of a value: a path that ends in ``{key}`` is that of the key."""
    return f"{path}.value" if path.endswith("{key}") else path
