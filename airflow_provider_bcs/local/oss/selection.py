"""Selection of the operation by path, query parameters and headers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.responses import Response

from airflow_provider_bcs.local.routes import NoRouteError, Route, find_route

from . import errors
from .request import ObjectRequest

ObjectRoute = Route[ObjectRequest, Response]

#: Query parameters that select an operation with any value, those of unsupported operations included.
_SELECTING = re.compile(
    "acl|append|bucketInfo|callback|callback-var|comp|cors|delete|encryption|lifecycle|list-type|location|logging|objectMeta|policy|referer"
    "|requestPayment|resourceGroup|restore|stat|symlink|tagging|uploadId|uploads|versionId|versioning|versions|website"
    "|worm|x-oss-async-process|x-oss-process"
)
#: Query parameters that only parametrize an operation, even when they are empty.
_PARAMETER = re.compile(
    "continuation-token|delimiter|encoding-type|fetch-owner|(key-|upload-id-|part-number-)?marker|max-(keys|parts|uploads)"
    "|partNumber|position|prefix|response-.*|security-token|sequential|start-after|x-oss-.*"
)

#: Headers that would change what an operation does or what it stores, and that the local service does not honour.
_UNSUPPORTED = re.compile(
    "x-oss-callback|x-oss-callback-var|x-oss-process|x-oss-hns-status|x-oss-bucket-.*|x-oss-resource-group-id|x-oss-persistent-headers|x-oss-object-worm-.*"
    "|x-oss-server-side-encryption-customer-.*|x-oss-copy-source-server-side-encryption-customer-.*"
)

_TARGETS = ("service", "bucket", "object")


def find_operation(routes: Sequence[ObjectRoute], request: ObjectRequest) -> ObjectRoute:
    """Return the operation of a request.

    :raises ErrorResponse: NotImplemented, when no operation matches or the request has a header that is not supported
    """
    for name in request.headers:
        if _UNSUPPORTED.fullmatch(name):
            raise errors.not_implemented(f"the header {name}")
    depth = 2 if request.key else 1 if request.bucket else 0
    # Only the presence of bucket and key selects the operation: a key contains slashes.
    segments = ["", *["name"] * depth] if depth else ["", ""]
    selecting = {name for name, value in request.query.items() if _is_selecting(name, value)}
    try:
        route, _ = find_route(routes, request.method, segments, selecting, request.headers)
    except NoRouteError:
        route = None
    if route is None or (selecting and not route.query_key):
        parameters = "".join(f" ?{name}" for name in sorted(selecting))
        raise errors.not_implemented(f"{request.method} of the {_TARGETS[depth]}{parameters}")
    return route


def _is_selecting(name: str, value: str) -> bool:
    """Tell whether a query parameter selects an operation.

    An unknown parameter with an empty value does: otherwise ``DELETE /bucket?unknown`` would delete the bucket.
    """
    if name == "versionId" and value in ("", "null"):
        # "null" is the VersionId of an object in a bucket without versioning.
        return False
    return bool(_SELECTING.fullmatch(name)) or (not value and not _PARAMETER.fullmatch(name))
