"""An Airflow database and a connection to the local service."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from airflow_provider_bcs.http import client as client_module
from tests.child import LIMIT
from tests.conftest import IMPATIENT
from tests.local.service import Service


@pytest.fixture(scope="session")
def airflow_db() -> None:
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True, timeout=LIMIT)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clients of hooks wait as little between attempts as those of the tests."""
    monkeypatch.setattr(client_module, "RetryPolicy", lambda: IMPATIENT)


@pytest.fixture
def connection(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connection ``bcs_default`` is the local service."""
    monkeypatch.setenv("AIRFLOW_CONN_BCS_DEFAULT", connection_json(service))


def connection_json(service: Service) -> str:
    ready = service.ready
    return json.dumps(
        {
            "conn_type": "bcs",
            "host": ready["batchcompute"],
            "login": ready["access_key_id"],
            "password": ready["access_key_secret"],
            "extra": {"oss_endpoint": ready["oss"]},
        }
    )
