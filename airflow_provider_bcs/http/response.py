"""Base of the response models. Unknown fields are kept; missing fields have a neutral value.

Times are time-zone-aware. A time that is not set or is unreadable is None.
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

__all__ = ["Response", "Time", "Unreadable", "page_parser", "read_answer", "read_items"]

_FIRST_YEAR = 1970


def _time(value: Any) -> Any:
    if not isinstance(value, str):
        return value if isinstance(value, pendulum.DateTime) else None
    try:
        moment = _usual_time(value) or pendulum.parse(value)
    except (ValueError, OverflowError):
        return None
    # The services write a time that is not set as the year 1 or as POSIX time 0.
    return moment if isinstance(moment, pendulum.DateTime) and moment.year > _FIRST_YEAR else None


def _usual_time(text: str) -> pendulum.DateTime | None:
    """Parse the services' usual format. Times take most of the parsing of long lists, and pendulum's parser is slow."""
    try:
        # fromisoformat does not accept Z before Python 3.11.
        found = datetime.fromisoformat(text[:-1] + "+00:00") if text.endswith("Z") else None
    except ValueError:
        return None
    if found is None:
        return None
    parts = (found.year, found.month, found.day, found.hour, found.minute, found.second, found.microsecond)
    return pendulum.DateTime(*parts, tzinfo=pendulum.UTC)


Time = Annotated[pendulum.DateTime | None, BeforeValidator(_time)]


class Response(BaseModel):
    """Response of a service. Fields are attributes and items.

    >>> response = Response(JobId="dlc1", Status="Running")
    >>> response["JobId"], response.Status
    ('dlc1', 'Running')
    """

    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True, coerce_numbers_to_str=True, defer_build=True)

    @model_validator(mode="wrap")
    @classmethod
    def _readable(cls, data: Any, handler: ModelWrapValidatorHandler[Response]) -> Response:
        """Validate; drop values of an undocumented type if their field has a default, and such elements of lists."""
        present = _present(data) if isinstance(data, dict) else data
        try:
            return handler(present)
        except ValidationError as error:
            wrong = {item["loc"][:2] for item in error.errors() if item["loc"]}
            if present is data or not wrong or any(cls.model_fields[str(place[0])].is_required() for place in wrong):
                raise
            return handler(_without(present, wrong))

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Yield the documented fields; others may hold secrets."""
        return (item for item in super().__repr_args__() if item[0] in type(self).model_fields)

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except AttributeError:
            raise KeyError(name) from None


def _present(data: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value: the services write "" or null for missing texts, numbers and objects."""
    return {
        name: [element for element in value if element is not None]
        if isinstance(value, list) and None in value
        else value
        for name, value in data.items()
        if value is not None and value != ""
    }


def _without(data: dict[str, Any], places: Collection[tuple[int | str, ...]]) -> dict[str, Any]:
    """Return ``data`` without the given fields; of lists, without the given elements."""
    left = dict(data)
    for name in {str(place[0]) for place in places}:
        value = left.pop(name)
        numbers = {place[1] for place in places if place[0] == name and len(place) > 1 and isinstance(place[1], int)}
        if numbers and isinstance(value, list):
            left[name] = [element for number, element in enumerate(value) if number not in numbers]
    return left


R = TypeVar("R", bound=Response)
#: Function that receives the error of an unreadable item.
Unreadable = Callable[[ServerError], object]


def read_answer(model: type[R], content: object) -> R:
    """Return the response model of JSON content.

    :param model: response model
    :param content: parsed JSON; a proxy may have sent it instead of the service
    :raises ServerError: with the code MalformedAnswer, when the content does not fit the model
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, item["loc"])) or "the response" for item in error.errors())
        raise ServerError(
            200,
            "MalformedAnswer",
            f"{model.__name__}: found wrong values of {fields}; expected a response of the service",
        ) from None


@cache
def page_parser(items: str, fields: tuple[str, ...], others: tuple[str, ...]) -> Callable[[bytes], dict[str, Any]]:
    """Return a parser of a list page. It skips all other fields, which take most of the parsing time.

    The parser raises ValueError when the page does not have the expected form.

    :param items: name of the field that holds the items
    :param fields: names of the fields to read of each item
    :param others: names of the further fields of the page to read

    >>> parse = page_parser("Items", ("Id",), ("NextMarker",))
    >>> parse(b'{"Items": [{"Id": "job-1", "State": "Running"}], "NextMarker": ""}')
    {'Items': [{'Id': 'job-1'}], 'NextMarker': ''}
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
    """Yield the response models of a list.

    :param model: response model of an item
    :param items: parsed JSON of the list
    :param unreadable: receives the error of each unreadable item, which is then skipped; None to raise the error
    :param fields: names of the fields to read of each item, which saves time; None for all fields
    :raises ServerError: when the content is no list, or for an unreadable item
    """
    if not isinstance(items, list):
        raise ServerError(
            200, "MalformedAnswer", f"Items: found {type(items).__name__}; expected a list of {model.__name__}"
        )
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
