"""One Airflow with CeleryExecutor for all tests here: PostgreSQL, Redis and two workers; the DAGs are in ``dags``."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from airflow_provider_bcs import demo
from tests.airflow.conftest import connection_json
from tests.airflow.planted_secrets import find_secrets
from tests.local.service import Service
from tests.processes.airflow_processes import Airflow
from tests.processes.conftest import service as service

WORKERS = ("worker1", "worker2")
#: Redis gives a message to another worker when the one that took it has not answered for so many seconds.
VISIBILITY_TIMEOUT = 40


@pytest.fixture(scope="session")
def session_name() -> str:
    """What is this session's own in the two services begins with this."""
    return f"bcs_test_{secrets.token_hex(4)}"


@pytest.fixture(scope="session")
def database(session_name: str) -> Iterator[URL]:
    """A new database, dropped in the end."""
    server = make_url(os.environ.get("BCS_TEST_POSTGRES", "postgresql+psycopg2://postgres@127.0.0.1:5432/postgres"))
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {session_name}"))
    except OperationalError as error:
        _give_up("PostgreSQL", server, "BCS_TEST_POSTGRES", error.orig)
    yield server.set(database=session_name)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {session_name} WITH (FORCE)"))
    engine.dispose()


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
        _give_up("Redis", make_url(url), "BCS_TEST_REDIS", error)
    yield client
    for key in client.scan_iter(f"{session_name}*"):
        client.delete(key)
    client.close()


def _broker_url() -> str:
    return os.environ.get("BCS_TEST_REDIS", "redis://127.0.0.1:6379/0")


def _give_up(name: str, url: URL, variable: str, reason: object) -> None:
    text = " ".join(str(reason).split())
    pytest.exit(f"{name} is needed and does not answer at {url!r} ({variable} says where): {text}", returncode=1)


@pytest.fixture(scope="session")
def airflow(
    tmp_path_factory: pytest.TempPathFactory, database: URL, broker: Any, service: Service, session_name: str
) -> Iterator[Airflow]:
    here = Path(__file__).parent
    demo.package(here.parents[1] / "example_dags", service.data_dir)
    running = Airflow(
        tmp_path_factory.mktemp("airflow"),
        here / "dags",
        connection_json(service),
        AIRFLOW__CORE__EXECUTOR="CeleryExecutor",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=database.render_as_string(hide_password=False),
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
