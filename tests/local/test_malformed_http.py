"""Malformed and incomplete HTTP: the service refuses it or closes the connection, and serves the next client."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from .service import Service

HOST = b"Host: 127.0.0.1\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
        b"GET /\xff\x00 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 200_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET http://evil.example/jobs HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
        b"POST /jobs HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
        b"POST /jobs HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"POST /jobs HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /jobs HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + b"F" * 40 + b"\r\n",
        b"POST /jobs HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=lambda content: content[:30].decode("latin-1"),
)
@pytest.mark.parametrize("port", ["batchcompute", "oss"])
def test_it_is_refused(service: Service, port: str, request_bytes: bytes) -> None:
    answer = exchange(service, port, request_bytes)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:200]
    still_answers(service)


@pytest.mark.parametrize("port", ["batchcompute", "oss"])
def test_a_body_that_never_ends_coming_holds_up_nobody(service: Service, port: str) -> None:
    head = b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\nhalf"
    sockets = [connected(service, port) for _ in range(50)]
    for connection in sockets:
        connection.sendall(head)
    still_answers(service)
    for connection in sockets:
        connection.close()
    still_answers(service)


def test_a_body_without_end_is_not_kept(service: Service) -> None:
    def send(connection: socket.socket) -> None:
        connection.sendall(b"POST /jobs HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(5000):
            connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    with connected(service, "batchcompute") as connection, pytest.raises((ConnectionResetError, BrokenPipeError)):
        send(connection)
    still_answers(service)


def connected(service: Service, port: str) -> socket.socket:
    address = urlsplit(service.ready[port])
    return socket.create_connection((address.hostname, address.port), timeout=20)


def exchange(service: Service, port: str, content: bytes) -> bytes:
    """Send bytes, then close the sending side; return the response until the connection is closed."""
    answer = b""
    with connected(service, port) as connection:
        try:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                answer += piece
        except OSError:
            # The service closed the connection before all bytes were sent.
            pass
    return answer


def still_answers(service: Service) -> None:
    assert service.get("/jobs?MaxItemCount=1") is not None
    assert "Traceback" not in service.log.read_text(errors="replace")
