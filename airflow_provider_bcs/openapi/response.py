"""The base of all models of what a service answers. Unknown fields are kept, missing ones have a neutral value.

Times are time-zone-aware; a time that is not set, or that cannot be read, is None.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import pendulum
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from .errors import ServerError


def _time(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        moment = pendulum.parse(value)
    except ValueError:
        return None
    return moment if isinstance(moment, pendulum.DateTime) else None


Time = Annotated[pendulum.DateTime | None, BeforeValidator(_time)]


class Response(BaseModel):
    """Something the service answered; fields are attributes and items."""

    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True, coerce_numbers_to_str=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _without_absent(cls, data: Any) -> Any:
        # The service writes "" for a text, number or object that is not there, and clients have seen null.
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if value is not None and value != ""}

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except AttributeError:
            raise KeyError(name) from None


R = TypeVar("R", bound=Response)


def read_answer(model: type[R], content: object) -> R:
    """Read an answer; something that is JSON but not this service's may come from between us and it.

    :raises ServerError: when it is none
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, item["loc"])) or "the whole" for item in error.errors())
        raise ServerError(200, "MalformedAnswer", f"The answer is no {model.__name__}; wrong: {fields}") from None
