"""Which values of a description nobody may see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

# Fields of the services that hold keys or tokens, and what authors call such variables.
_SECRET_NAME = re.compile(
    r"(^Auth$|passw(or)?d|secret|token|credential$|api_?key|private_?key|access_?key(?!_?id))", re.IGNORECASE
)


def secret_values(description: Any, name: str = "") -> Iterator[str]:
    """Yield the texts in ``description`` whose field, or whose variable's name, tells of a secret."""
    if isinstance(description, Mapping):
        # A variable may be written as an object of its own, with its name and value in fields.
        own = description.get("Key") or description.get("Name")
        for key, value in description.items():
            yield from secret_values(value, str(own) if key == "Value" and own else str(key))
    elif isinstance(description, (list, tuple)):
        for element in description:
            yield from secret_values(element, name)
    elif isinstance(description, str) and description and _SECRET_NAME.search(name):
        yield description
