"""Selection of the operation by path, query parameters and headers."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from airflow_provider_bcs.local.routes import NoRouteError, Route, find_route

from . import errors
from .parameters import is_honoured, is_selecting
from .request import ObjectRequest

ObjectRoute = Route[ObjectRequest, Response]

_TARGETS = ("service", "bucket", "object")


def find_operation(routes: Sequence[ObjectRoute], request: ObjectRequest) -> ObjectRoute:
    """Return the operation of a request.

    :raises ErrorResponse: NotImplemented, when no operation matches or the request has a header that is not supported
    """
    depth = 2 if request.key else 1 if request.bucket else 0
    # Only the presence of bucket and key selects the operation: a key contains slashes.
    segments = ["", *["name"] * depth] if depth else ["", ""]
    selecting = {name for name, value in request.query.items() if is_selecting(name, value)}
    try:
        route, _ = find_route(routes, request.method, segments, selecting, request.headers)
    except NoRouteError:
        route = None
    if route is None or (selecting and not route.query_key):
        parameters = "".join(f" ?{name}" for name in sorted(selecting))
        raise errors.not_implemented(f"{request.method} of the {_TARGETS[depth]}{parameters}")
    for name in request.headers:
        # A header that is dropped without a word would change what the operation does or stores.
        if not is_honoured(name, depth):
            raise errors.not_implemented(f"the header {name} for the {_TARGETS[depth]}")
    return route
