"""Error codes and messages of BatchCompute for descriptions, and the check of a description against a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_bcs.description.checks import OBJECT
from airflow_provider_bcs.description.rules import RuleTable, Wording
from airflow_provider_bcs.description.source import JobSource, read_description
from airflow_provider_bcs.description.violation import Violation
from airflow_provider_bcs.exceptions import JobSyntaxError
from airflow_provider_bcs.http.facts import invalid_parameter, missing_parameter

WORDING = Wording(invalid=invalid_parameter, missing=missing_parameter)
#: Fields whose values may be keys, tokens, or secrets of an author's own variables.
SECRET = ("EnvVars", "UserData", "OSS", "CredentialConfig", "Inputs")
_BODY_MESSAGES = {
    "InvalidJsonFormat": "The request body has an invalid json format.",
    "InvalidHttpBody": invalid_parameter("HttpBody", OBJECT.tail)[1],
}


def check_description(
    table: RuleTable, source: JobSource, *, templates: bool
) -> tuple[list[Violation], Mapping[str, Any]]:
    """Check a description against its table; return the violations and the description, empty when it is unreadable.

    :param templates: skip values with a Jinja template
    :raises JobSourceError: when ``source`` is a file that cannot be read
    """
    try:
        description = read_description(source)
    except JobSyntaxError as error:
        return [unreadable(error)], {}
    return list(table.check(description, templates=templates)), description


def unreadable(error: JobSyntaxError) -> Violation:
    """Return the service's answer to a text that is no description."""
    return Violation("$", error.code, _BODY_MESSAGES[error.code], str(error), is_final=True)
