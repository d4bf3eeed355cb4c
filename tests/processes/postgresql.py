"""A database of PostgreSQL for an Airflow that runs more than one task at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

_SERVER = "BCS_TEST_POSTGRES"


@contextmanager
def new_database(name: str) -> Iterator[str]:
    """Give the URL of a new database, which is dropped in the end."""
    server = make_url(os.environ.get(_SERVER, "postgresql+psycopg2://postgres@127.0.0.1:5432/postgres"))
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError as error:
        give_up("PostgreSQL", server, _SERVER, error.orig)
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def give_up(name: str, url: URL, variable: str, reason: object) -> None:
    """End all tests, because a service that they need does not answer."""
    text = " ".join(str(reason).split())
    pytest.exit(f"{name} is needed and does not answer at {url!r} ({variable} says where): {text}", returncode=1)
