"""Services for the tests of PAI-DLC, and clients of the vendor's SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .dlc_service import DlcService


@pytest.fixture
def start_dlc(tmp_path: Path) -> Iterator[Callable[..., DlcService]]:
    """Return a function that starts services with given options; they end with the test."""
    started: list[DlcService] = []

    def start(*options: str) -> DlcService:
        service = DlcService(tmp_path / "data", *options)
        started.append(service)
        return service

    yield start
    for service in started:
        if service.process.poll() is None:
            service.end()


@pytest.fixture(scope="session")
def dlc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DlcService]:
    """Service with default options, shared by the tests."""
    service = DlcService(tmp_path_factory.mktemp("dlc") / "data", "--max-pods", "16")
    yield service
    assert service.end() == 0


@pytest.fixture(scope="module", params=["namespace", "rewrite"])
def isolated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DlcService]:
    """Service with each isolation, and with --install-libs."""
    data_dir = tmp_path_factory.mktemp(request.param) / "data"
    service = DlcService(data_dir, "--isolation", request.param, "--install-libs", "--max-pods", "16")
    yield service
    assert service.end() == 0
