"""Rows of a table of rules that follow from typed models: which fields there are, and the type of each."""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from airflow_provider_bcs.description.checks import ARRAY, BOOLEAN, INTEGER, NUMBER, OBJECT
from airflow_provider_bcs.description.model import Description
from airflow_provider_bcs.description.rules import Row

from .checks import STRING

_SCALARS = {str: STRING, int: INTEGER, float: NUMBER, bool: BOOLEAN}


def type_rows(model: type[Description], prefix: str = "") -> Iterator[Row]:
    """Yield a row for each field of ``model`` and of the models in it, in their order.

    Only annotations are read: nothing that pydantic builds at first use is built for this.

    :param prefix: what paths begin with, ending in a dot
    :raises TypeError: for an annotation that no JSON type stands for
    """
    for name, field in model.model_fields.items():
        yield from _rows(field.annotation, f"{prefix}{name}")


def _rows(annotation: Any, path: str) -> Iterator[Row]:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _rows(inner[0], path)
    elif origin in (Union, UnionType):
        for member in inner:
            if member is not NoneType:
                yield from _rows(member, path)
    elif origin is list:
        yield path, (ARRAY,)
        yield from _rows(inner[0], f"{path}.[]")
    elif origin is dict:
        yield path, (OBJECT,)
        yield from _rows(inner[1], f"{path}.{{key}}.value")
    elif annotation in _SCALARS:
        yield path, (_SCALARS[annotation],)
    elif isinstance(annotation, type) and issubclass(annotation, Description):
        yield path, (OBJECT,)
        yield from type_rows(annotation, f"{path}.")
    elif annotation is Any:
        yield path, ()
    else:
        raise TypeError(f"{path} is annotated with {annotation}, which no JSON type stands for")
