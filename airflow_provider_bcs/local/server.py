"""Start and shutdown of the local service."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import ipaddress
import json
import logging
import os
import shlex
import signal
import socket
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn

from airflow_provider_bcs.exceptions import BcsError
from airflow_provider_bcs.http.loopback import is_loopback

from .application import Application
from .batchcompute import assembly as batchcompute
from .connection import ClosableConnection
from .dlc import assembly as dlc
from .gateway import Gateway
from .hosts import Hosts
from .isolation import IsolationUnavailableError, probe_namespace
from .options import LocalOptions
from .origins import OriginCheck
from .oss import assembly as oss
from .pages.pages import Pages
from .runner import Runner, Settings
from .store import Store


class StartError(BcsError):
    """Failure to start the service; the message is one line."""


def run(options: LocalOptions) -> int:
    """Run the service until SIGTERM or SIGINT.

    :return: exit code: 0, or 1 when the service cannot start
    """
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s", level=logging.INFO)
    try:
        if not hasattr(os, "pidfd_open"):
            raise StartError("the service requires Linux 5.3 or later")
        with (
            _owned(options.data_dir.resolve()) as data_dir,
            _listening(options.host, options.port, "--port") as listener,
            _listening(options.host, options.oss_port, "--oss-port") as oss_listener,
        ):
            _serve(options, data_dir, listener, oss_listener)
    except StartError as error:
        print(f"airflow-bcs local: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _serve(options: LocalOptions, data_dir: Path, listener: socket.socket, oss_listener: socket.socket) -> None:
    isolation = _isolation(options.isolation, data_dir)
    try:
        store = Store(data_dir / "state.sqlite", batchcompute.SCHEMA, dlc.SCHEMA, oss.SCHEMA)
    except sqlite3.DatabaseError as error:
        raise StartError(f"cannot open the database {data_dir / 'state.sqlite'}: {error}") from None
    oss_host = _url(_reachable(options.host), oss_listener).removeprefix("http://")
    settings = Settings(data_dir, isolation, _search_path(), oss_host)
    batchcompute_gateway, batchcompute_engine, batchcompute_jobs = batchcompute.assemble(
        options, options, settings, store
    )
    dlc_gateway, dlc_engine, dlc_jobs = dlc.assemble(options, options, settings, store)
    engines: list[Runner[Any]] = [batchcompute_engine, dlc_engine]
    hosts = Hosts(options.allow_host)
    oss_gateway = oss.assemble(options, data_dir, store, hosts)
    gateways: dict[int, dict[str, Gateway[Any, Any]]] = {
        _port(listener): {dlc.PATH_PREFIX: dlc_gateway, "": batchcompute_gateway},
        _port(oss_listener): {"": oss_gateway},
    }
    services: dict[str, Gateway[Any, Any]] = {
        "batchcompute": batchcompute_gateway,
        "dlc": dlc_gateway,
        "oss": oss_gateway,
    }
    origins = OriginCheck(options.host, hosts)
    pages = Pages(options.access_key_secret, [batchcompute_jobs, dlc_jobs])
    config = uvicorn.Config(
        Application(gateways, services, hosts, origins, pages, control_port=_port(listener)),
        http=ClosableConnection,
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # The application sets Date: uvicorn's may be a second old, and Last-Modified must not be later.
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
    )
    server = _Server(
        config,
        _announcement(options, data_dir, listener, oss_listener),
        _connection(options, listener, oss_listener),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.end)
    _warn(options.host)
    for engine in engines:
        engine.start()
    try:
        server.run(sockets=[listener, oss_listener])
    finally:
        for engine in engines:
            engine.end()
        for engine in engines:
            engine.close()
        store.close()


class _Server(uvicorn.Server):
    """Uvicorn server that announces its URLs after the start and does not install signal handlers.

    :param announcement: line for standard output
    :param connection: line for standard error
    """

    def __init__(self, config: uvicorn.Config, announcement: str, connection: str) -> None:
        super().__init__(config)
        self._announcement = announcement
        self._connection = connection

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's handlers raise the signal again after its shutdown: the engines could not end their shims.
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        logging.getLogger(__name__).info("The connection for Airflow, as an environment variable to export:")
        print(self._connection, file=sys.stderr, flush=True)  # noqa: T201
        print(self._announcement, flush=True)  # noqa: T201

    def end(self, *_: object) -> None:
        self.should_exit = True


def _announcement(options: LocalOptions, data_dir: Path, listener: socket.socket, oss_listener: socket.socket) -> str:
    url = _url(options.host, listener)
    return json.dumps(
        {
            "batchcompute": url,
            "dlc": url,
            "oss": _url(options.host, oss_listener),
            "data_dir": str(data_dir),
            "access_key_id": options.access_key_id,
            "access_key_secret": options.access_key_secret,
        }
    )


def _connection(options: LocalOptions, listener: socket.socket, oss_listener: socket.socket) -> str:
    """Return the assignment of the environment variable that makes the service Airflow's default connection."""
    host = _reachable(options.host)
    connection = {
        "conn_type": "bcs",
        "host": _url(host, listener),
        "login": options.access_key_id,
        "password": options.access_key_secret,
        "extra": {"oss_endpoint": _url(host, oss_listener)},
    }
    return f"AIRFLOW_CONN_BCS_DEFAULT={shlex.quote(json.dumps(connection))}"


def _url(host: str, listener: socket.socket) -> str:
    return f"http://[{host}]:{_port(listener)}" if ":" in host else f"http://{host}:{_port(listener)}"


def _reachable(host: str) -> str:
    """Return the address at which programs of this machine reach a service that listens on ``host``."""
    try:
        is_every_address = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        is_every_address = False
    return ("::1" if ":" in host else "127.0.0.1") if is_every_address else host


def _port(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def _warn(host: str) -> None:
    log = logging.getLogger(__name__)
    log.info("This service is for development and tests: it runs the commands of all jobs on this machine.")
    if not is_loopback(host):
        log.warning(
            "Listening on %s, which is not loopback: every client that reaches it can run commands on this machine.",
            host,
        )


def _isolation(wanted: str, data_dir: Path) -> str:
    log = logging.getLogger(__name__)
    if wanted == "rewrite":
        log.info("Isolation: rewrite, by the option --isolation.")
        return wanted
    try:
        probe_namespace(data_dir, _search_path())
    except IsolationUnavailableError as error:
        if wanted == "namespace":
            raise StartError(f"isolation namespace is not available: {error}") from None
        log.info("Isolation: rewrite, because a namespace is not available: %s", error)
        return "rewrite"
    log.info("Isolation: namespace (probed).")
    return "namespace"


def _search_path() -> str:
    """Return the directory of this Python, so that the command ``python`` exists."""
    return os.path.dirname(sys.executable)


@contextlib.contextmanager
def _owned(data_dir: Path) -> Iterator[Path]:
    try:
        # Jobs contain keys: other users of the machine must not read the data directory.
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = open(data_dir / "lock", "w")  # noqa: SIM115 - the lock is held until the service ends
    except OSError as error:
        raise StartError(f"cannot use the data directory {data_dir}: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"another service uses the data directory {data_dir}; stop it, or choose another with --data-dir"
            ) from None
        try:
            (data_dir / "oss").mkdir(exist_ok=True)
        except OSError as error:
            raise StartError(f"cannot use the data directory {data_dir}: oss: {error.strerror}") from None
        yield data_dir


@contextlib.contextmanager
def _listening(host: str, port: int, option: str) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle's algorithm (40 ms per response) only for sockets with the protocol IPPROTO_TCP.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            advice = f"; choose another port with {option}" if error.errno in (errno.EADDRINUSE, errno.EACCES) else ""
            raise StartError(f"cannot listen on {host} port {port}: {error.strerror}{advice}") from None
        yield listener
