"""Request body, rules and IdempotentToken of the create operations."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from airflow_provider_bcs.description.violation import Violation
from airflow_provider_bcs.local.error_response import ErrorResponse, invalid
from airflow_provider_bcs.local.request import Request
from airflow_provider_bcs.local.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (
    operation TEXT NOT NULL,
    token TEXT NOT NULL,
    digest TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    PRIMARY KEY (operation, token)
) WITHOUT ROWID;
"""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def idempotent_token(request: Request) -> str:
    """Return the IdempotentToken of a request, or an empty text.

    :raises ErrorResponse: InvalidIdempotentToken; the code is an assumption, the format is documented
    """
    token = request.query.get("IdempotentToken", "")
    if token and not _TOKEN.fullmatch(token):
        raise invalid("IdempotentToken", "It must be 1 to 64 characters within [a-zA-Z0-9_-].")
    return token


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a request body.

    :raises ErrorResponse: InvalidJsonFormat, or InvalidHttpBody when it is JSON but not an object
    """
    try:
        value = json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ErrorResponse(400, "InvalidJsonFormat", "The request body has an invalid json format.") from None
    if not isinstance(value, dict):
        # Status 400, as documented for CreateJob; the list of common errors has 403.
        raise invalid("HttpBody", "Its type must be object.")
    return value


def refuse(violations: Sequence[Violation]) -> None:
    """Raise the first violation, if any; BatchCompute reports one error per request.

    :raises ErrorResponse: with the code and message of the violation
    """
    for violation in violations[:1]:
        raise ErrorResponse(violation.status, violation.code, violation.message)


def create_once(store: Store, operation: str, token: str, content: dict[str, Any], create: Callable[[], str]) -> str:
    """Return the id of the resource that was first created with this token; call it in a transaction.

    Assumption: a token never expires, even after the deletion of its resource.

    :param create: creates the resource for a new token and returns its id
    :raises ErrorResponse: IdempotentTokenMismatch
    """
    row = store.row("SELECT digest, resource_id FROM tokens WHERE operation = ? AND token = ?", operation, token)
    if row is None:
        resource_id = create()
        if token:
            store.execute("INSERT INTO tokens VALUES (?, ?, ?, ?)", operation, token, _digest(content), resource_id)
        return resource_id
    if row["digest"] != _digest(content):
        raise ErrorResponse(400, "IdempotentTokenMismatch", "Specified idempotent token mismatch.")
    return str(row["resource_id"])


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _digest(content: dict[str, Any]) -> str:
    """Return a digest of the content that does not depend on key order and white space."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
