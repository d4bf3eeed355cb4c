"""The base of all models of what a service answers. Unknown fields are kept, missing ones have a neutral value.

Times are time-zone-aware; a time that is not set, or that cannot be read, is None.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar

import pendulum
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import SchemaValidator, core_schema

from airflow_provider_bcs.exceptions import ServerError

_FIRST_YEAR = 1970


def _time(value: Any) -> Any:
    if not isinstance(value, str):
        return value if isinstance(value, pendulum.DateTime) else None
    try:
        moment = _usual_time(value) or pendulum.parse(value)
    except (ValueError, OverflowError):
        return None
    # A time that is not set may be written as that of the year 1, or as the beginning of POSIX time.
    return moment if isinstance(moment, pendulum.DateTime) and moment.year > _FIRST_YEAR else None


def _usual_time(text: str) -> pendulum.DateTime | None:
    """Read a time as the services write it; this is what most of reading a long list is, and pendulum takes long."""
    try:
        # Before Python 3.11 there was no Z.
        found = datetime.fromisoformat(text[:-1] + "+00:00") if text.endswith("Z") else None
    except ValueError:
        return None
    if found is None:
        return None
    parts = (found.year, found.month, found.day, found.hour, found.minute, found.second, found.microsecond)
    return pendulum.DateTime(*parts, tzinfo=pendulum.UTC)


Time = Annotated[pendulum.DateTime | None, BeforeValidator(_time)]


class Response(BaseModel):
    """Something the service answered; fields are attributes and items."""

    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True, coerce_numbers_to_str=True, defer_build=True)

    @model_validator(mode="wrap")
    @classmethod
    def _readable(cls, data: Any, handler: ModelWrapValidatorHandler[Response]) -> Response:
        """Leave out what is not of its documented type: fields that have a default, and elements of lists."""
        present = _present(data) if isinstance(data, dict) else data
        try:
            return handler(present)
        except ValidationError as error:
            wrong = {item["loc"][:2] for item in error.errors() if item["loc"]}
            if present is data or not wrong or any(cls.model_fields[str(place[0])].is_required() for place in wrong):
                raise
            return handler(_without(present, wrong))

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What is not documented may be secret."""
        return (item for item in super().__repr_args__() if item[0] in type(self).model_fields)

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except AttributeError:
            raise KeyError(name) from None


def _present(data: dict[str, Any]) -> dict[str, Any]:
    """The service writes "" for a text, number or object that is not there, and clients have seen null."""
    return {
        name: [element for element in value if element is not None]
        if isinstance(value, list) and None in value
        else value
        for name, value in data.items()
        if value is not None and value != ""
    }


def _without(data: dict[str, Any], places: Collection[tuple[int | str, ...]]) -> dict[str, Any]:
    """Leave out fields, and elements of those that are lists."""
    left = dict(data)
    for name in {str(place[0]) for place in places}:
        value = left.pop(name)
        numbers = {place[1] for place in places if place[0] == name and len(place) > 1 and isinstance(place[1], int)}
        if numbers and isinstance(value, list):
            left[name] = [element for number, element in enumerate(value) if number not in numbers]
    return left


R = TypeVar("R", bound=Response)
#: What takes the error of an item that cannot be read.
Unreadable = Callable[[ServerError], object]


def read_answer(model: type[R], content: object) -> R:
    """Read an answer; something that is JSON but not this service's may come from between us and it.

    :raises ServerError: when it is none
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, item["loc"])) or "the whole" for item in error.errors())
        raise ServerError(200, "MalformedAnswer", f"The answer is no {model.__name__}; wrong: {fields}") from None


@cache
def page_parser(items: str, fields: tuple[str, ...], others: tuple[str, ...]) -> Callable[[bytes], dict[str, Any]]:
    """Return what parses a page of a listing; what is not asked for is not built, which is most of the work.

    It raises ValueError for what it does not understand, which others may.

    :param items: the field that holds the items
    :param fields: of each item only these
    :param others: what else of the page
    """

    def only(schemas: dict[str, core_schema.CoreSchema]) -> core_schema.CoreSchema:
        present = {name: core_schema.typed_dict_field(schema, required=False) for name, schema in schemas.items()}
        return core_schema.typed_dict_schema(present, extra_behavior="ignore")

    anything = core_schema.any_schema()
    item = only(dict.fromkeys(fields, anything))
    page = SchemaValidator(only({items: core_schema.list_schema(item), **dict.fromkeys(others, anything)}))
    return page.validate_json


def read_items(
    model: type[R], items: object, unreadable: Unreadable | None = None, fields: Collection[str] | None = None
) -> Iterator[R]:
    """Read the items of a list, one by one.

    :param unreadable: is given the error of an item that cannot be read, which is left out then; None to raise it
    :param fields: read only these of each item, which takes less time; None for all
    :raises ServerError: when it is no list, or for such an item
    """
    if not isinstance(items, list):
        raise ServerError(200, "MalformedAnswer", f"The answer is no list of {model.__name__}")
    for item in items:
        if fields is not None and isinstance(item, dict):
            item = {name: item[name] for name in fields if name in item}
        try:
            found = read_answer(model, item)
        except ServerError as error:
            if unreadable is None:
                raise
            unreadable(error)
        else:
            yield found
