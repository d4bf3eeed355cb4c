"""Base of all models of descriptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Strict, ValidatorFunctionWrapHandler, WrapValidator

from .source import JobSource, read_description
from .values import is_template
from .violation import did_you_mean


def _keep_template(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    return value if is_template(value) else handler(value)


# A value with a template stays a text until Airflow renders it.
Text = Annotated[str, Strict()]
Integer = Annotated[int, Strict(), WrapValidator(_keep_template)]
Number = Annotated[float, WrapValidator(_keep_template)]
Boolean = Annotated[bool, Strict(), WrapValidator(_keep_template)]


if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    # Type checkers derive an __init__ of keyword arguments for subclasses of BaseModel; this one takes properties too.
    class _Model:
        model_fields: ClassVar[dict[str, FieldInfo]]
        model_fields_set: set[str]
        __pydantic_fields_set__: set[str]

        def __init__(self, **data: Any) -> None: ...
else:
    _Model = BaseModel


class Description(_Model):
    """Model whose attributes are the service's fields, under the service's names.

    Build it from a dict, JSON text, the path of a file, another model, an object with ``detail()``, or from keyword
    arguments. Read and write fields as attributes or as items.

    :raises ValueError: for an unknown field, with the nearest known name; its subclass ``pydantic.ValidationError`` for
        a value of the wrong type

    >>> class Disk(Description):
    ...     Size: Integer | None = None
    >>> disk = Disk({"Size": 40})
    >>> disk["Size"], disk.detail()
    (40, {'Size': 40})
    """

    # pydantic builds the validator at first use: a DAG file that is being parsed reads only the fields.
    model_config = ConfigDict(extra="forbid", validate_assignment=True, hide_input_in_errors=True, defer_build=True)

    def __init__(self, properties: JobSource | None = None, /, **fields: Any) -> None:
        given = {**({} if properties is None else self._read(properties)), **fields}
        for name in given:
            if name not in type(self).model_fields:
                known = did_you_mean(name, type(self).model_fields)
                raise ValueError(f"{type(self).__name__} has no field {name}{known}")
        super().__init__(**{name: value for name, value in given.items() if not self._is_absent(name, value)})

    @classmethod
    def _read(cls, properties: JobSource) -> dict[str, Any]:
        """Return the fields of ``properties``."""
        return read_description(properties)

    @classmethod
    def _is_absent(cls, name: str, value: Any) -> bool:
        """Return whether a value means "not set": null, or an empty text, object or array where another type stands."""
        empty = value in ("", {}, [])
        return value is None or (empty and not _takes(cls.model_fields[name].annotation, type(value)))

    def detail(self) -> dict[str, Any]:
        """Return the content as a dict of plain values, without fields that were never set and have no default."""
        content = {}
        for name in type(self).model_fields:
            value = _detail(getattr(self, name))
            untouched = value in ({}, []) and name not in self.model_fields_set
            if value is not None and not untouched:
                content[name] = value
        return content

    def update(self, properties: JobSource) -> None:
        """Set the fields of ``properties``; the others keep their values."""
        for name, value in self._read(properties).items():
            self[name] = value

    def load(self, properties: JobSource) -> None:
        """Replace the whole content by ``properties``."""
        fresh = type(self)(properties)
        self.__dict__.update(fresh.__dict__)
        self.__pydantic_fields_set__ = fresh.model_fields_set

    def dump(self) -> str:
        """Return the content as JSON text."""
        return json.dumps(self.detail(), indent=4)

    def __getitem__(self, name: str) -> Any:
        if name not in type(self).model_fields:
            raise KeyError(name)
        return getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in type(self).model_fields:
            raise KeyError(f"{type(self).__name__} has no field {name}{did_you_mean(name, type(self).model_fields)}")
        setattr(self, name, value)


def known_fields_only(model: type[Description], content: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``content`` without nulls and without fields that ``model`` lacks, at every level.

    Use it for an answer of a service that may be newer than this package; the vendor's SDK reads answers like this.
    """
    return {
        name: _known(model.model_fields[name].annotation, value)
        for name, value in content.items()
        if name in model.model_fields
    }


def _takes(annotation: Any, kind: type) -> bool:
    """Return whether a field of this annotation holds values of ``kind``: str, dict or list."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _takes(get_args(annotation)[0], kind)
    if origin in (Union, UnionType):
        return any(_takes(member, kind) for member in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return kind is dict
    return annotation is Any or kind in (origin, annotation)


def _known(annotation: Any, value: Any) -> Any:
    inner = get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Description) and isinstance(value, Mapping):
        return known_fields_only(annotation, value)
    if get_origin(annotation) is dict and isinstance(value, Mapping):
        return {key: _known(inner[1], element) for key, element in value.items()}
    if get_origin(annotation) is list and isinstance(value, list):
        return [_known(inner[0], element) for element in value]
    for member in inner if get_origin(annotation) in (Annotated, Union, UnionType) else ():
        value = _known(member, value)
    return value


def _detail(value: Any) -> Any:
    if isinstance(value, Description):
        return value.detail()
    if isinstance(value, dict):
        return {key: _detail(element) for key, element in value.items()}
    if isinstance(value, (list, tuple)):
        return [_detail(element) for element in value]
    return value
