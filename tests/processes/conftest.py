"""One Airflow of real processes for all tests here; the DAGs are in ``dags``."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_provider_bcs import demo
from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.dlc import Client as DlcClient
from tests.airflow.conftest import connection_json
from tests.airflow.planted_secrets import PLANTED, find_secrets
from tests.local.service import Service
from tests.processes import postgresql
from tests.processes.airflow_processes import Airflow


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A local service with a secret that can be searched for."""
    data_dir = tmp_path_factory.mktemp("service") / "data"
    running = Service(data_dir, "--max-instances", "8", "--access-key-secret", PLANTED["key_secret"])
    yield running
    running.session.close()
    assert running.end() == 0


@pytest.fixture(scope="session")
def airflow_settings() -> Iterator[dict[str, str]]:
    """On SQLite, where Airflow 2.11 runs one task at a time, unless ``BCS_TEST_DATABASE`` is ``postgresql``."""
    if os.environ.get("BCS_TEST_DATABASE") != "postgresql":
        yield {}
        return
    with postgresql.new_database(f"bcs_test_{secrets.token_hex(4)}") as url:
        yield {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            # No DAG file changes; hundreds of tasks want the processors for themselves. Airflow 3 has moved the option.
            "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "600",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
        }


@pytest.fixture(scope="session")
def airflow(
    tmp_path_factory: pytest.TempPathFactory, service: Service, airflow_settings: dict[str, str]
) -> Iterator[Airflow]:
    here = Path(__file__).parent
    demo.package(here.parents[1] / "example_dags", service.data_dir)
    running = Airflow(tmp_path_factory.mktemp("airflow"), here / "dags", connection_json(service), **airflow_settings)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        # Logs of all processes and tasks, the database: the connection itself is in the environment only.
        assert find_secrets([running.home]) == []


@pytest.fixture(autouse=True)
def left_running(client: Client, dlc: DlcClient) -> Iterator[None]:
    """No test leaves a job that runs: it would take the place of the next one's."""
    yield
    deadline = time.monotonic() + 20
    while left := [
        *client.list_jobs("Running"),
        *client.list_jobs("Waiting"),
        *(job for job in dlc.list_jobs() if not job.is_terminal),
    ]:
        assert time.monotonic() < deadline, left
        time.sleep(1)
