"""Which operation a request names, and what it wants of its body."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from starlette.responses import Response

from . import errors
from .call import Call

#: Query parameters that name an operation whatever their value is, or one that does not exist here.
_NAMING = re.compile(
    "acl|append|bucketInfo|comp|cors|delete|encryption|lifecycle|list-type|location|logging|objectMeta|policy|referer"
    "|requestPayment|resourceGroup|restore|stat|symlink|tagging|uploadId|uploads|versionId|versioning|versions|website"
    "|worm|x-oss-async-process|x-oss-process"
)
#: Those that are parameters of an operation, also when they are empty.
_PARAMETER = re.compile(
    "continuation-token|delimiter|encoding-type|fetch-owner|(key-|upload-id-|part-number-)?marker|max-(keys|parts|uploads)"
    "|partNumber|prefix|response-.*|security-token|sequential|start-after|x-oss-.*"
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
    named = {name for name, value in call.query.items() if _is_naming(name, value)}
    for operation in operations:
        if (
            (operation.method, operation.target) == (call.method, target)
            and (operation.subresource in named if operation.subresource else not named)
            and (not operation.header or operation.header in call.headers)
        ):
            return operation
    raise errors.not_implemented(" ".join((f"{call.method} of the {target}", *(f"?{name}" for name in sorted(named)))))


def _is_naming(name: str, value: str) -> bool:
    """Tell whether a parameter names an operation: to leave out one that is unknown could delete a bucket."""
    if name == "versionId" and value in ("", "null"):
        # What an object is that has no versions.
        return False
    return bool(_NAMING.fullmatch(name)) or (not value and not _PARAMETER.fullmatch(name))
