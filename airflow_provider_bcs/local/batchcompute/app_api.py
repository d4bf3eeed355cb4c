"""Operations on apps."""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_bcs.batchcompute.app.rules import split_name, validate_app
from airflow_provider_bcs.description.values import is_absent
from airflow_provider_bcs.local.account import ACCOUNT_ID
from airflow_provider_bcs.local.error_response import invalid
from airflow_provider_bcs.local.gateway import JsonRoute
from airflow_provider_bcs.local.request import Request
from airflow_provider_bcs.local.routes import Response, Route

from .apps import App, Apps
from .creation import create_once, idempotent_token, parse_object, refuse
from .listing import max_item_count, page

_SCOPES = ("Private", "Public")
#: Fields of the description in GetApp: those that the author of a job needs, without the program of the app.
_SHOWN = ("Description", "InputParameters", "OutputParameters", "Config")


class AppApi:
    """Handlers of the operations on apps."""

    def __init__(self, apps: Apps) -> None:
        self._apps = apps
        self._store = apps.store

    def routes(self) -> list[JsonRoute]:
        app = "/apps/{AppName}"
        return [
            Route("batchcompute.CreateApp", "POST", "/apps", self.create_app),
            Route("batchcompute.ListApps", "GET", "/apps", self.list_apps),
            Route("batchcompute.GetAppDetail", "GET", app, self.get_app_detail, "Detail"),
            Route("batchcompute.GetAppRevisions", "GET", app, self.get_app_revisions, "Revisions"),
            Route("batchcompute.GetApp", "GET", app, self.get_app),
            Route("batchcompute.ModifyApp", "PUT", app, self.modify_app),
            Route("batchcompute.DeleteApp", "DELETE", app, self.delete_app),
        ]

    def create_app(self, request: Request) -> Response:
        token, app = idempotent_token(request), parse_object(request.body)
        refuse(validate_app(app))
        with self._store.transaction():
            name = create_once(self._store, "CreateApp", token, app, lambda: self._apps.add(app))
        return Response(201, {"Name": name})

    def get_app(self, request: Request) -> Response:
        name = request.names["AppName"]
        if _scope(request) == "Public":
            name = f":{split_name(name)[1]}"
        return Response(200, _item(self._apps.revisions(name)[-1]))

    def get_app_detail(self, request: Request) -> Response:
        return Response(200, _detail(self._revisions(request)[-1]))

    def get_app_revisions(self, request: Request) -> Response:
        found = self._apps.revisions(request.names["AppName"])
        return Response(200, [{"Revision": app.revision, "UpdateTime": app.updated} for app in found])

    def list_apps(self, request: Request) -> Response:
        count = max_item_count(request.query)
        found = self._apps.newest(_scope(request), request.query.get("Marker", ""), count + 1)
        # The marker is the last name of the page.
        return Response(
            200,
            page([_detail(app) for app in found[:count]], found[count - 1].name if 0 < count < len(found) else ""),
        )

    def modify_app(self, request: Request) -> Response:
        with self._store.transaction():
            app = self._apps.revisions(request.names["AppName"])[-1]
            description = parse_object(request.body)
            # Assumptions: the body is the complete description; its Name is optional.
            if is_absent(description.get("Name")):
                description["Name"] = request.names["AppName"]
            refuse(validate_app(description))
            if split_name(description["Name"]) != (app.scope, app.name):
                raise invalid("Name", "It must be the name of the app.")
            self._apps.modify(app, description)
        return Response(200)

    def delete_app(self, request: Request) -> Response:
        with self._store.transaction():
            for app in self._revisions(request):
                self._apps.delete(app)
        return Response(204)

    def _revisions(self, request: Request) -> list[App]:
        qualifier = request.query.get("Qualifier", "")
        if not re.fullmatch("[0-9]*", qualifier):
            raise invalid("Qualifier", "It must be the number of a revision.")
        return self._apps.revisions(request.names["AppName"], qualifier)


def _scope(request: Request) -> str:
    scope = request.query.get("Scope", "") or "Private"
    if scope not in _SCOPES:
        raise invalid("Scope", f"It must be one of {', '.join(_SCOPES)}.")
    return scope


def _item(app: App) -> dict[str, Any]:
    description = app.description
    return {
        # Clients add the prefix of public apps to this name.
        "Name": app.name,
        **{name: description[name] for name in _SHOWN},
        "Scope": app.scope,
        "OwnerId": ACCOUNT_ID,
        "Revision": app.revision,
        "CreationTime": app.created,
        "UpdateTime": app.updated,
    }


def _detail(app: App) -> dict[str, Any]:
    return {**app.description, **_item(app)}
