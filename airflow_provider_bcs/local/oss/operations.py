"""Which operation a request names, and what it wants of its body."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from starlette.responses import Response

from . import errors
from .call import Call

#: Query parameters that name an operation; others are parameters of one.
_NAMING = re.compile(
    "acl|append|bucketInfo|cors|delete|encryption|lifecycle|list-type|location|logging|objectMeta|policy|referer"
    "|requestPayment|resourceGroup|restore|stat|symlink|tagging|uploadId|uploads|versioning|versions|website|worm"
    "|x-oss-process"
)


class Body(Enum):
    """What is done with the body of a request."""

    NONE = "it is not read"
    DOCUMENT = "it is read as a whole"
    CONTENT = "it is received as a file"


@dataclass(frozen=True)
class Operation:
    """A row of the table of operations.

    :ivar name: as OSS calls it
    :ivar target: ``service``, ``bucket`` or ``object``
    :ivar subresource: the query parameter that names it
    :ivar header: the header that tells it from another operation
    """

    name: str
    method: str
    target: str
    handler: Callable[[Call], Response]
    subresource: str = ""
    header: str = ""
    body: Body = Body.NONE

    @property
    def full_name(self) -> str:
        """The name that faults and counts of requests have it by."""
        return f"oss.{self.name}"


def find_operation(operations: Sequence[Operation], call: Call) -> Operation:
    """Return the operation of a request; rows with a ``header`` have to come first.

    :raises ApiError: when there is none
    """
    target = "object" if call.key else "bucket" if call.bucket else "service"
    named = set(filter(_NAMING.fullmatch, call.query))
    for operation in operations:
        if (
            (operation.method, operation.target) == (call.method, target)
            and (operation.subresource in named if operation.subresource else not named)
            and (not operation.header or operation.header in call.headers)
        ):
            return operation
    raise errors.not_implemented(" ".join((call.method, "of a", target, *sorted(named))))
