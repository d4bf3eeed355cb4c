"""Each test session has an Airflow home of its own, and never sees that of the machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, settings

from airflow_provider_bcs import dlc as dlc_package
from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.http.session import RetryPolicy
from tests.local.service import Service

# How long an example takes says little on a machine with other work.
settings.register_profile("usual", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("usual")
# For --hypothesis-profile: how many more examples than usual.
settings.register_profile("fuzz", settings.get_profile("usual"), max_examples=5_000)

HOME = tempfile.mkdtemp(prefix="airflow-bcs-tests-")

IMPATIENT = RetryPolicy(attempts=5, first_wait=0.01, max_wait=0.05)

# Before the first import of Airflow, which reads these.
for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
    del os.environ[name]
os.environ |= {
    "AIRFLOW_HOME": HOME,
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_FOLDER": os.path.join(HOME, "dags"),
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
}


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One local service for all tests that need no options of their own."""
    running = Service(tmp_path_factory.mktemp("service") / "data", "--max-instances", "8", "--max-pods", "16")
    yield running
    running.session.close()
    assert running.end() == 0


@pytest.fixture
def faults(service: Service) -> Iterator[Callable[..., None]]:
    """Make the service misbehave until the test ends."""

    def play(*faults: dict[str, Any]) -> None:
        assert requests.post(f"{service.url}/_local/faults", json=list(faults), timeout=5).ok

    yield play
    play()


def keys_of(service: Service) -> tuple[str, str, str]:
    """Return where a service is, and its key."""
    return service.url, service.ready["access_key_id"], service.ready["access_key_secret"]


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    """A client of the local service that does not wait long between attempts."""
    client = Client(*keys_of(service), retry=IMPATIENT)
    yield client
    client.close()


@pytest.fixture
def dlc(service: Service) -> Iterator[dlc_package.Client]:
    """The same for PAI-DLC."""
    client = dlc_package.Client(*keys_of(service), retry=IMPATIENT)
    yield client
    client.close()
