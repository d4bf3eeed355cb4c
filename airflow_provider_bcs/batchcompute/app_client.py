"""The operations on apps, programs that are kept in the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow_provider_bcs.description.source import JobSource, read_job
from airflow_provider_bcs.http import roa
from airflow_provider_bcs.http.client import path_segment
from airflow_provider_bcs.http.response import read_answer

from .facts import MAX_PAGE_SIZE
from .resources import App, AppDetail, AppRevision, CreatedApp
from .roa_client import RoaClient


class AppOperations(RoaClient):
    """Wherever an app is asked for by its name, an object with ``Name`` will do."""

    def create_app(self, app: JobSource, token: str = "") -> CreatedApp:
        """Make an app; jobs name it by its ``Name``.

        :param app: a dict, JSON text, the path of a file, an ``AppDescription`` or an object with ``detail()``
        :param token: up to 64 letters, digits and underscores; the same token with the same description gives the same
            app again instead of an error that it exists
        """
        return self._create(CreatedApp, "/apps", read_job(app), token)

    def get_app(self, app: Any, scope: str = "") -> App:
        """Return an app as those see it who run it.

        :param scope: ``Private``, which is the default, or ``Public``
        """
        return self._get(App, _app_path(app, Scope=scope))

    def get_app_detail(self, app: Any, qualifier: int | str = "") -> AppDetail:
        """Return an app with its program.

        :param qualifier: the number of a revision; the newest by default
        """
        return self._get(AppDetail, _app_path(app, Detail="True", Qualifier=str(qualifier)))

    def get_app_revisions(self, app: Any) -> list[AppRevision]:
        """Return what revisions of an app there are."""
        found = self._session.send("GET", _app_path(app, Revisions="True"), repeatable=True)
        return [read_answer(AppRevision, item) for item in found.get("Items") or ()]

    def list_apps(self, scope: str = "", *, page_size: int = MAX_PAGE_SIZE) -> Iterator[App]:
        """Iterate over the account's apps, or with ``Public`` over those that everybody has."""
        return self._list(App, "/apps", {"Scope": scope}, page_size)

    def modify_app(self, app: Any, description: JobSource) -> None:
        """Give an app a new revision, which jobs run from now on.

        :param description: the whole description, as for :meth:`create_app`
        """
        # Repeatable: one revision too many is the same as the one before.
        self._session.send("PUT", _app_path(app), read_job(description), repeatable=True)

    def delete_app(self, app: Any, qualifier: int | str = "") -> None:
        """Delete an app, or one of its revisions.

        :param qualifier: the number of a revision; all of them by default
        """
        self._delete(_app_path(app, Qualifier=str(qualifier)))


def _app_path(app: Any, **query: str) -> str:
    path = f"/apps/{path_segment(getattr(app, 'Name', app), 'app name')}"
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{roa.encode_query(given)}" if given else path
