"""Table of operations, and the lookup of a request's operation."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from starlette.responses import Response

from . import errors
from .request import ObjectRequest

#: Query parameters that select an operation with any value, those of unsupported operations included.
_NAMING = re.compile(
    "acl|append|bucketInfo|comp|cors|delete|encryption|lifecycle|list-type|location|logging|objectMeta|policy|referer"
    "|requestPayment|resourceGroup|restore|stat|symlink|tagging|uploadId|uploads|versionId|versioning|versions|website"
    "|worm|x-oss-async-process|x-oss-process"
)
#: Query parameters that only parametrize an operation, even when they are empty.
_PARAMETER = re.compile(
    "continuation-token|delimiter|encoding-type|fetch-owner|(key-|upload-id-|part-number-)?marker|max-(keys|parts|uploads)"
    "|partNumber|prefix|response-.*|security-token|sequential|start-after|x-oss-.*"
)


class Body(Enum):
    """Treatment of the request body: ignored, read into memory, or stored in a file."""

    NONE = "none"
    DOCUMENT = "document"
    CONTENT = "content"


@dataclass(frozen=True)
class Operation:
    """Row of the table of operations.

    :ivar name: name in the OSS API, such as ``PutObject``
    :ivar target: ``service``, ``bucket`` or ``object``
    :ivar subresource: query parameter that selects the operation
    :ivar header: request header that selects the operation
    """

    name: str
    method: str
    target: str
    handler: Callable[[ObjectRequest], Response]
    subresource: str = ""
    header: str = ""
    body: Body = Body.NONE

    @property
    def full_name(self) -> str:
        """Name of the operation in faults and in request counts."""
        return f"oss.{self.name}"


def find_operation(operations: Sequence[Operation], request: ObjectRequest) -> Operation:
    """Return the first matching operation; rows with a ``header`` must precede rows without one.

    :raises ErrorResponse: NotImplemented, when no row matches
    """
    target = "object" if request.key else "bucket" if request.bucket else "service"
    named = {name for name, value in request.query.items() if _is_naming(name, value)}
    for operation in operations:
        if (
            (operation.method, operation.target) == (request.method, target)
            and (operation.subresource in named if operation.subresource else not named)
            and (not operation.header or operation.header in request.headers)
        ):
            return operation
    parameters = "".join(f" ?{name}" for name in sorted(named))
    raise errors.not_implemented(f"{request.method} of the {target}{parameters}")


def _is_naming(name: str, value: str) -> bool:
    """Tell whether a query parameter selects an operation.

    An unknown parameter with an empty value does: otherwise ``DELETE /bucket?unknown`` would delete the bucket.
    """
    if name == "versionId" and value in ("", "null"):
        # "null" is the VersionId of an object in a bucket without versioning.
        return False
    return bool(_NAMING.fullmatch(name)) or (not value and not _PARAMETER.fullmatch(name))
