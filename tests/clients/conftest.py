"""Local service for the vendor's clients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.environments import OSS_HOST
from tests.local.service import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all clients, with a name of the cloud that some of them send."""
    data_dir = tmp_path_factory.mktemp("service") / "data"
    running = Service(data_dir, "--max-instances", "8", "--max-pods", "16", "--allow-host", OSS_HOST)
    yield running
    running.session.close()
    assert running.end() == 0
