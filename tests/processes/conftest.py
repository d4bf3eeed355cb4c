"""One Airflow of real processes for all tests here; the DAGs are in ``dags``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_provider_bcs import demo
from tests.airflow.conftest import connection_json
from tests.local.service import Service
from tests.processes.airflow_processes import Airflow


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory, service: Service) -> Iterator[Airflow]:
    here = Path(__file__).parent
    demo.package(here.parents[1] / "example_dags", service.data_dir)
    running = Airflow(tmp_path_factory.mktemp("airflow"), here / "dags", connection_json(service))
    try:
        running.start()
        yield running
    finally:
        running.stop()
