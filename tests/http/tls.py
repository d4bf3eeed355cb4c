"""A certificate that no authority has signed, and a server that speaks TLS in front of another one."""

from __future__ import annotations

import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.child import LIMIT

_IDLE = 60


def make_certificate(folder: Path) -> Path:
    """Make a certificate of 127.0.0.1; its key lies beside it."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
        + ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
        timeout=LIMIT,
    )
    return certificate


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return context


@contextmanager
def tls_front(url: str, certificate: Path) -> Iterator[str]:
    """Serve an HTTP server over TLS: pass on each byte, in both directions."""
    context, target = server_context(certificate), (urlsplit(url).hostname, urlsplit(url).port)

    class Front(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(_IDLE)
            try:
                client = context.wrap_socket(self.request, server_side=True)
            except OSError:
                # The client does not accept the certificate.
                return
            with client, socket.create_connection(target, _IDLE) as server:
                back = threading.Thread(target=_copy, args=(server, client), daemon=True)
                back.start()
                _copy(client, server)
                back.join(_IDLE)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Front) as front:
        thread = threading.Thread(target=front.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"https://127.0.0.1:{front.server_address[1]}"
        finally:
            front.shutdown()
            thread.join(10)


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # One of the two has closed the connection.
        return
