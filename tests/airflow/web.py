"""Requests to Airflow's own web server, in a process of its own: the server changes settings of its process.

``python -m tests.airflow.web FILE`` reads requests from standard input as JSON, ``[[method, path, body], ...]``. It
writes the responses to the file as JSON, ``[[status, text], ...]``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.airflow.running import AIRFLOW_3
from tests.child import LIMIT

#: Airflow lets everybody in who has no password.
OPEN = {
    "AIRFLOW__API__AUTH_BACKENDS": "airflow.api.auth.backend.default",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
}
#: Method, path, and JSON body or None.
Request = tuple[str, str, Any]


def ask(requests: Sequence[Request], folder: Path, *roles: str) -> list[tuple[int, str]]:
    """Send requests to Airflow, in their order; return status and text of each response.

    :param roles: roles of the users who each send the requests, on Airflow 3: ``viewer``, ``none`` for a user without
        a role, ``nobody`` for no user
    """
    responses = folder / "responses.json"
    subprocess.run(
        [sys.executable, "-m", "tests.airflow.web", str(responses), *roles],
        input=json.dumps(requests),
        env={**os.environ, **OPEN, **({"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False"} if roles else {})},
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT,
    )
    return [(status, text) for status, text in json.loads(responses.read_text())]


def main() -> None:
    requests: list[Request] = json.load(sys.stdin)
    send = _airflow_3 if AIRFLOW_3 else _airflow_2
    Path(sys.argv[1]).write_text(json.dumps(send(requests, *sys.argv[2:])))


def _airflow_3(requests: list[Request], *roles: str) -> list[tuple[int, str]]:
    from airflow.api_fastapi.app import create_app
    from starlette.testclient import TestClient

    with TestClient(create_app(apps="core")) as client:
        responses = [
            client.request(method, path, json=body, headers=_headers(role))
            for role in roles or ("admin",)
            for method, path, body in requests
        ]
    return [(response.status_code, response.text) for response in responses]


def _headers(role: str) -> dict[str, str]:
    if role == "nobody":
        return {}
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    user: Any = SimpleAuthManagerUser(username="reader", role=None if role == "none" else role)
    return {"Authorization": f"Bearer {get_auth_manager().generate_jwt(user)}"}


def _airflow_2(requests: list[Request]) -> list[tuple[int, str]]:
    from airflow.www.app import create_app

    app = create_app(testing=True)
    app.config["AUTH_ROLE_PUBLIC"] = "Admin"
    with app.test_client() as client:
        responses = [client.open(path, method=method, json=body) for method, path, body in requests]
    return [(response.status_code, response.text) for response in responses]


if __name__ == "__main__":
    main()
