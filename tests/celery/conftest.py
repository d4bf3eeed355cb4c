"""One Airflow with CeleryExecutor for all tests here: PostgreSQL, Redis and two workers; the DAGs are in ``dags``."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from airflow_provider_bcs import demo
from tests.airflow.conftest import connection_json
from tests.airflow.planted_secrets import find_secrets
from tests.local.service import Service
from tests.processes.airflow_processes import Airflow
from tests.processes.conftest import service as service
from tests.processes.postgresql import give_up, new_database

WORKERS = ("worker1", "worker2")
#: Redis gives a message to another worker when the one that took it has not answered for so many seconds.
VISIBILITY_TIMEOUT = 40


@pytest.fixture(scope="session")
def session_name() -> str:
    """What is this session's own in the two services begins with this."""
    return f"bcs_test_{secrets.token_hex(4)}"


@pytest.fixture(scope="session")
def database(session_name: str) -> Iterator[str]:
    with new_database(session_name) as url:
        yield url


@pytest.fixture(scope="session")
def broker(session_name: str) -> Iterator[Any]:
    """A client of Redis; the keys that begin with the session's name are deleted in the end."""
    from redis import Redis
    from redis.exceptions import RedisError

    url = _broker_url()
    client = Redis.from_url(url)
    try:
        client.ping()
    except RedisError as error:
        give_up("Redis", make_url(url), "BCS_TEST_REDIS", error)
    yield client
    for key in client.scan_iter(f"{session_name}*"):
        client.delete(key)
    client.close()


def _broker_url() -> str:
    return os.environ.get("BCS_TEST_REDIS", "redis://127.0.0.1:6379/0")


@pytest.fixture(scope="session")
def airflow(
    tmp_path_factory: pytest.TempPathFactory, database: str, broker: Any, service: Service, session_name: str
) -> Iterator[Airflow]:
    here = Path(__file__).parent
    demo.package(here.parents[1] / "example_dags", service.data_dir)
    running = Airflow(
        tmp_path_factory.mktemp("airflow"),
        here / "dags",
        connection_json(service),
        AIRFLOW__CORE__EXECUTOR="CeleryExecutor",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=database,
        AIRFLOW__CELERY__BROKER_URL=_broker_url(),
        AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER="1",
        AIRFLOW__CELERY__TASK_ACKS_LATE="True",
        AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT=str(VISIBILITY_TIMEOUT),
        AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__GLOBAL_KEYPREFIX=session_name,
    )
    try:
        running.start()
        for name in WORKERS:
            start_worker(running, name)
        for name in WORKERS:
            running.wait(lambda name=name: f"{name} ready" in log_of(running, name), 240, name)
        yield running
    finally:
        running.stop()
        assert find_secrets([running.home]) == []


def start_worker(airflow: Airflow, name: str) -> None:
    """Start a worker that takes one task at a time."""
    airflow.start_process(
        name, "celery", "worker", "--concurrency", "1", "--celery-hostname", name, "--skip-serve-logs"
    )


def log_of(airflow: Airflow, name: str) -> str:
    return (airflow.home / f"{name}.log").read_text(errors="replace")
