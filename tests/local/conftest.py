"""Services for the tests of the local service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .service import Service


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Return a function that starts services with given options; they end with the test."""
    started: list[Service] = []

    def start(*options: str, name: str = "data") -> Service:
        service = Service(tmp_path / name, *options)
        started.append(service)
        return service

    yield start
    for service in started:
        service.session.close()
        if service.process.poll() is None:
            service.end()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Service with default options, shared by the tests of a module."""
    service = Service(tmp_path_factory.mktemp("service") / "data", "--max-instances", "8")
    yield service
    service.session.close()
    service.end()


@pytest.fixture(scope="module", params=["namespace", "rewrite"])
def isolated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Service with each isolation."""
    data_dir = tmp_path_factory.mktemp(request.param) / "data"
    service = Service(data_dir, "--isolation", request.param, "--max-instances", "8")
    yield service
    service.session.close()
    service.end()
