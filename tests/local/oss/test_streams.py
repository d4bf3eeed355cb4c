"""Large bodies, and transfers that break off."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import alibabacloud_oss_v2 as oss
import pytest

from tests.local.service import Service, wait_until

from .conftest import BUCKET, get, keys, put


def test_large_bodies_are_streamed(store: oss.Client, service: Service, tmp_path: Path) -> None:
    size = 100_000_000
    big = tmp_path / "big"
    with open(big, "wb") as file:
        file.truncate(size)
    before = peak_memory(service)
    with open(big, "rb") as file:
        put(store, "big", file)
    body = get(store, "big").body
    assert sum(len(block) for block in body.iter_bytes(block_size=1 << 20)) == size
    assert peak_memory(service) - before < 20_000_000


def peak_memory(service: Service) -> int:
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def test_an_upload_that_breaks_off_leaves_nothing(store: oss.Client, service: Service) -> None:
    def pieces() -> Any:
        yield b"x" * 100_000
        raise ConnectionError

    with pytest.raises(Exception, match="PutObject|ConnectionError"):
        put(store, "broken", pieces())
    wait_until(lambda: not list((service.data_dir / "tmp").glob("oss-*")))
    assert keys(store) == []


def test_a_download_that_breaks_off_keeps_no_file_open(store: oss.Client, service: Service) -> None:
    put(store, "big", b"x" * 20_000_000)
    url = urlsplit(store.presign(oss.GetObjectRequest(bucket=BUCKET, key="big")).url)
    assert url.hostname
    request = f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode()
    connections = [socket.create_connection((url.hostname, url.port), timeout=20) for _ in range(20)]
    for connection in connections:
        connection.sendall(request)
        assert connection.recv(12) == b"HTTP/1.1 200"
    assert open_files(service, "big") == 20
    for connection in connections:
        connection.close()
    wait_until(lambda: open_files(service, "big") == 0, 10)


def open_files(service: Service, name: str) -> int:
    """Return the number of the service's open descriptors for a file name."""
    found = 0
    for link in Path(f"/proc/{service.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found += os.readlink(link).endswith(f"/{name}")
    return found
