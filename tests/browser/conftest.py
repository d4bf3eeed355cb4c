"""An Airflow of real processes, one run of the DAG in ``dags``, and headless Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.airflow.conftest import connection_json
from tests.local.service import Service
from tests.processes.airflow_processes import Airflow

#: Screenshots to look at; the folder is ignored by git.
SCREENSHOTS = Path(__file__).parents[2] / ".screenshots"
DAG_ID, RUN_ID = "tab", "looked_at"


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("service") / "data", "--max-instances", "8", "--max-pods", "8")
    yield running
    running.session.close()
    assert running.end() == 0


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory, service: Service) -> Iterator[Airflow]:
    """An Airflow whose run has come to rest: some tasks have ended, the others wait in the triggerer."""
    running = Airflow(
        tmp_path_factory.mktemp("airflow"),
        Path(__file__).parent / "dags",
        connection_json(service),
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS="True",
        # The DAG file builds its jobs as the tests do.
        PYTHONPATH=os.pathsep.join([str(SCREENSHOTS.parent), os.environ.get("PYTHONPATH", "")]),
    )
    wanted = {
        **dict.fromkeys(("train", "submit", "ends"), "success"),
        **dict.fromkeys(("runs", "trains", "follows"), "deferred"),
        "fails": "failed",
    }
    try:
        running.start()
        running.trigger(DAG_ID, RUN_ID)
        running.wait(lambda: running.states(DAG_ID, RUN_ID) == wanted, 300, f"the states {wanted}")
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def base(airflow: Airflow) -> str:
    return airflow.environment["AIRFLOW__API__BASE_URL"]


@pytest.fixture(scope="session")
def api(base: str) -> Iterator[requests.Session]:
    """A session of Airflow's API."""
    with requests.Session() as session:
        token = session.get(f"{base}/auth/token", timeout=30).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        yield session


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "Found no chromium on PATH; expected Debian's package: apt-get install chromium"
    from playwright.sync_api import sync_playwright

    SCREENSHOTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        # A container often runs its programs as root, for whom Chromium has no sandbox.
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield found
        found.close()
