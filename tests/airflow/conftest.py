"""An Airflow database and a connection to the local service."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.child import LIMIT
from tests.local.service import Service


@pytest.fixture(scope="session")
def airflow_db() -> None:
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True, timeout=LIMIT)


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
