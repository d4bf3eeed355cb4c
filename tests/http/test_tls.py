"""Who is behind an HTTPS endpoint is verified, and a connection that breaks is no wrong certificate."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.exceptions import CertificateError, NoAnswerError
from tests.http.test_session import QUICK, Canned
from tests.http.tls import make_certificate, server_context


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine; its key lies beside it."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@contextmanager
def serving(certificate: Path, closed: int = 0) -> Iterator[str]:
    """Serve a job over TLS; so many of the first connections are closed while they are being made."""
    context = server_context(certificate)
    left = closed

    class Server(ThreadingHTTPServer):
        def get_request(self):
            nonlocal left
            connection, address = super().get_request()
            if left:
                left -= 1
                connection.settimeout(10)
                connection.recv(4096)
                connection.close()
                raise OSError("closed, as by a load balancer that is restarted")
            return context.wrap_socket(connection, server_side=True), address

    handler = type("Handler", (Canned,), {"body": b'{"Id": "job-1", "State": "Running"}', "seen": []})
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def state(url: str, certificate: Path | None = None) -> str:
    client = Client(url, "i", "s", retry=QUICK, verify=True if certificate is None else str(certificate))
    try:
        return client.get_job("job-1").State
    finally:
        client.close()


def test_it_is_verified(certificate):
    with serving(certificate) as url:
        assert state(url, certificate) == "Running"
    with (
        serving(certificate) as url,
        pytest.raises(CertificateError, match="not accepted: self-signed certificate"),
    ):
        state(url)


def test_one_for_another_host_is_not_accepted(certificate):
    with serving(certificate) as url, pytest.raises(CertificateError, match="localhost"):
        state(url.replace("127.0.0.1", "localhost"), certificate)


def test_a_connection_that_is_closed_while_it_is_made_is_made_again(certificate):
    with serving(certificate, closed=2) as url:
        assert state(url, certificate) == "Running"
    with serving(certificate, closed=3) as url, pytest.raises(NoAnswerError, match="did not answer"):
        state(url, certificate)
