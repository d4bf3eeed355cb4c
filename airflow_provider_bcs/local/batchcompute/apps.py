"""Apps as rows of the store, one row for each revision."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from airflow_provider_bcs.batchcompute.app.rules import APP_NAME, split_name
from airflow_provider_bcs.batchcompute.facts import APP_CONFIG_DEFAULTS, APP_DEFAULTS, APP_PARAMETER_DEFAULTS
from airflow_provider_bcs.local.clock import now
from airflow_provider_bcs.local.error_response import ErrorResponse, not_found
from airflow_provider_bcs.local.store import Store, Where, where

from .description import filled

SCHEMA = """
CREATE TABLE IF NOT EXISTS app_revisions (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    description TEXT NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    PRIMARY KEY (scope, name, revision)
) WITHOUT ROWID;
"""
#: Selects the newest revision of each app.
_NEWEST = Where(
    "revision = (SELECT MAX(revision) FROM app_revisions other"
    " WHERE other.scope = app_revisions.scope AND other.name = app_revisions.name)"
)


@dataclass(frozen=True)
class App:
    """Revision of an app.

    :ivar scope: ``Private`` or ``Public``
    :ivar name: name without the prefix ``:`` of public apps
    :ivar text: description as JSON
    :ivar created: time of the first revision
    :ivar updated: time of this revision
    """

    scope: str
    name: str
    revision: int
    text: str
    created: str
    updated: str

    @property
    def description(self) -> dict[str, Any]:
        """Submitted description with default values."""
        description: dict[str, Any] = json.loads(self.text)
        return description


class Apps:
    """Access to the apps in the store; the prefix ``:`` of a name selects a public app."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def add(self, description: dict[str, Any]) -> str:
        """Create an app; return its name.

        :raises ErrorResponse: InvalidResource.AlreadyExisting
        """
        if self._revisions(description["Name"]):
            raise ErrorResponse(403, "InvalidResource.AlreadyExisting", "Specified resource already exists.")
        self._add(description, 0)
        return str(description["Name"])

    def modify(self, newest: App, description: dict[str, Any]) -> None:
        """Add a revision to an app, with the next number."""
        self._add(description, newest.revision + 1, newest.created)

    def find(self, name: str) -> App | None:
        """Return the newest revision of an app, or None when the app does not exist."""
        return next(reversed(self._revisions(name)), None)

    def revisions(self, name: str, qualifier: str = "") -> list[App]:
        """Return the revisions of an app, oldest first.

        :param qualifier: number of the only revision to return; empty returns all
        :raises ErrorResponse: InvalidResource.NotFound
        """
        found = [app for app in self._revisions(name) if qualifier in ("", str(app.revision))]
        if not found:
            raise not_found()
        return found

    def newest(self, scope: str, after: str, count: int) -> list[App]:
        """Return the newest revision of each app, ordered by name."""
        return list(self._select(where(scope=scope, name__gt=after) & _NEWEST, "name", count))

    def delete(self, app: App) -> None:
        """Delete one revision; an app without revisions does not exist."""
        self.store.execute(
            "DELETE FROM app_revisions WHERE scope = ? AND name = ? AND revision = ?", app.scope, app.name, app.revision
        )

    def _add(self, description: dict[str, Any], revision: int, created: str | None = None) -> None:
        updated = now()
        self.store.execute(
            "INSERT INTO app_revisions VALUES (?, ?, ?, ?, ?, ?)",
            *split_name(description["Name"]),
            revision,
            json.dumps(_fill_in_defaults(description)),
            created or updated,
            updated,
        )

    def _revisions(self, name: str) -> list[App]:
        if not APP_NAME.passes(name):
            # No app has an invalid name, and SQLite cannot search for some of these texts.
            return []
        scope, name = split_name(name)
        return list(self._select(where(scope=scope, name=name), "revision"))

    def _select(self, condition: Where, order: str, limit: int = -1) -> Iterator[App]:
        columns = "scope, name, revision, description, created, updated"
        for row in self.store.select("app_revisions", condition, columns=columns, order=order, limit=limit):
            yield App(*row)


def _fill_in_defaults(app: dict[str, Any]) -> dict[str, Any]:
    app = filled(app, APP_DEFAULTS)
    config = app.get("Config") or {}
    parameters = {
        field: {name: filled(parameter, APP_PARAMETER_DEFAULTS) for name, parameter in app[field].items()}
        for field in ("InputParameters", "OutputParameters")
    }
    settings = {
        name: filled(config.get(name) or {}, {"Default": default, "Description": "", "Overwritable": True})
        for name, default in APP_CONFIG_DEFAULTS.items()
    }
    return {**app, **parameters, "Config": settings}
