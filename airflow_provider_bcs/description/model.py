"""The base of all models that describe something to the service."""

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


# A value that Airflow has yet to render stays the text it is.
Text = Annotated[str, Strict()]
Integer = Annotated[int, Strict(), WrapValidator(_keep_template)]
Number = Annotated[float, WrapValidator(_keep_template)]
Boolean = Annotated[bool, Strict(), WrapValidator(_keep_template)]


if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    # Type checkers make up an __init__ of keyword arguments for each subclass of BaseModel; ours takes properties too.
    class _Model:
        model_fields: ClassVar[dict[str, FieldInfo]]
        model_fields_set: set[str]
        __pydantic_fields_set__: set[str]

        def __init__(self, **data: Any) -> None: ...
else:
    _Model = BaseModel


class Description(_Model):
    """A model whose attributes are the service's fields, under the service's names.

    It is built from a dict, JSON text, the path of a file, another model, any object with ``detail()``, or from
    keyword arguments. Fields are read and written as attributes and as items.

    :raises ValueError: for an unknown field, with the nearest known name; for a value of the wrong type its
        subclass ``pydantic.ValidationError``
    """

    # Built when first used: a DAG file that is parsed reads the fields only, to check names and types.
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
        """Return the fields that ``properties`` holds."""
        return read_description(properties)

    @classmethod
    def _is_absent(cls, name: str, value: Any) -> bool:
        """Clients send null for "not set", and an empty text even where no text can stand."""
        return value is None or (value == "" and not _takes_text(cls.model_fields[name].annotation))

    def detail(self) -> dict[str, Any]:
        """Return the content as a dict of plain values; what was never set and has no default is left out."""
        content = {}
        for name in type(self).model_fields:
            value = _detail(getattr(self, name))
            untouched = value in ({}, []) and name not in self.model_fields_set
            if value is not None and not untouched:
                content[name] = value
        return content

    def update(self, properties: JobSource) -> None:
        """Set the fields that ``properties`` holds; the others keep their values."""
        for name, value in self._read(properties).items():
            self[name] = value

    def load(self, properties: JobSource) -> None:
        """Replace the whole content by that of ``properties``."""
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
    """Return ``content`` without what ``model`` has no field for, at every level, and without nulls.

    This is the vendor SDK's lenient way; use it for what a service, perhaps a newer one, has answered.
    """
    return {
        name: _known(model.model_fields[name].annotation, value)
        for name, value in content.items()
        if name in model.model_fields
    }


def _takes_text(annotation: Any) -> bool:
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return any(_takes_text(member) for member in get_args(annotation))
    return annotation is str


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
