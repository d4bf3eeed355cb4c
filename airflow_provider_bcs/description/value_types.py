"""Types of the values in a description, as the annotations of its model give them."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from .model import Description


def json_types(annotation: Any) -> frozenset[type]:
    """Return the types that a value may have in JSON: str, int, float, bool, list and dict; none of them for Any.

    >>> sorted(kind.__name__ for kind in json_types(dict[str, int] | str | None))
    ['dict', 'str']
    >>> json_types(Any)
    frozenset()
    """
    origin = get_origin(annotation)
    if origin is Annotated:
        return json_types(get_args(annotation)[0])
    if origin in (Union, UnionType):
        members = [json_types(member) for member in get_args(annotation) if member is not NoneType]
        return frozenset().union(*members) if all(members) else frozenset()
    if annotation is Any:
        return frozenset()
    if origin in (list, dict):
        return frozenset({origin})
    is_model = isinstance(annotation, type) and issubclass(annotation, Description)
    return frozenset({dict if is_model else annotation})


def type_inside(annotation: Any, key: str = "") -> Any:
    """Return the annotation of a value inside an object or array, Any when there is none.

    :param annotation: the annotation of the object or array
    :param key: name of the field of an object

    >>> type_inside(dict[str, int] | None, "count")
    <class 'int'>
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is dict:
        return inner[1]
    if origin is list:
        return inner[0]
    if origin is Annotated:
        return type_inside(inner[0], key)
    if origin in (Union, UnionType):
        found = [type_inside(member, key) for member in inner]
        return next((each for each in found if each is not Any), Any)
    if isinstance(annotation, type) and issubclass(annotation, Description) and key in annotation.model_fields:
        return annotation.model_fields[key].annotation
    return Any
