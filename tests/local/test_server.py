"""Start of the service: its announcement, and the errors of wrong options."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.child import LIMIT

from .service import Service, job, task


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "airflow_provider_bcs.local", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_line_on_stdout(start_service: Callable[..., Service]) -> None:
    service = start_service("--access-key-id", "me", "--access-key-secret", "mine")
    assert service.ready == {
        "batchcompute": service.url,
        "dlc": service.url,
        "oss": service.ready["oss"],
        "data_dir": str(service.data_dir),
        "access_key_id": "me",
        "access_key_secret": "mine",
    }
    assert service.get("/jobs")["Items"] == []
    assert service.data_dir.stat().st_mode & 0o777 == 0o700
    assert service.ready["oss"] != service.url
    assert requests.get(service.ready["oss"], timeout=10).headers["Content-Type"] == "application/xml"
    service.process.terminate()
    assert service.process.wait(10) == 0
    assert service.process.stdout is not None
    assert service.process.stdout.read() == ""
    log = service.log.read_text()
    assert "Isolation: " in log
    assert "development and tests" in log
    assert "loopback" not in log


@pytest.mark.parametrize(
    ("host", "reachable"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost", "localhost")]
)
def test_the_connection_on_stderr(start_service: Callable[..., Service], host: str, reachable: str) -> None:
    secret = "it's $HOME"
    service = start_service("--host", host, "--access-key-id", "me", "--access-key-secret", secret)
    [line] = [line for line in service.log.read_text().splitlines() if line.startswith("AIRFLOW_CONN_BCS_DEFAULT=")]
    # A shell has to read it as one word.
    shell = ["sh", "-c", f'export {line}; printf %s "$AIRFLOW_CONN_BCS_DEFAULT"']
    ports = {name: urlsplit(service.ready[name]).port for name in ("batchcompute", "oss")}
    assert json.loads(subprocess.run(shell, capture_output=True, text=True, check=True, timeout=LIMIT).stdout) == {
        "conn_type": "bcs",
        "host": f"http://{reachable}:{ports['batchcompute']}",
        "login": "me",
        "password": secret,
        "extra": {"oss_endpoint": f"http://{reachable}:{ports['oss']}"},
    }


def test_one_service_for_a_data_directory(start_service: Callable[..., Service]) -> None:
    service = start_service()
    second = run("--port", "0", "--oss-port", "0", "--data-dir", str(service.data_dir))
    assert (second.returncode, second.stdout) == (1, "")
    [line] = second.stderr.splitlines()
    assert f"{service.data_dir}; stop it, or choose another with --data-dir" in line


@pytest.mark.parametrize(("wanted", "other"), [("--port", "--oss-port"), ("--oss-port", "--port")])
def test_port_in_use(tmp_path: Path, wanted: str, other: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run(wanted, str(port), other, "0", "--data-dir", str(tmp_path / "data"))
    assert (result.returncode, result.stdout) == (1, "")
    [line] = result.stderr.splitlines()
    assert f"port {port}: Address already in use; choose another port with {wanted}" in line


@pytest.mark.parametrize(
    "option",
    ["--quota=MaxNothing=1", "--quota=MaxJobCount", "--max-instances=0", "--port=65536", "--port=-1", "--oss-port=x"]
    + ["--data-dir=", "--access-key-id=", "--access-key-id=a b", "--access-key-id=ä", "--access-key-secret="],
)
def test_wrong_options(option: str, tmp_path: Path) -> None:
    data_dir = [] if "data-dir" in option else ["--data-dir", str(tmp_path / "data")]
    result = run(option, *data_dir)
    assert (result.returncode, result.stdout) == (2, "")
    name, _, value = option.partition("=")
    assert f"argument {name}: found {value!r}; expected " in result.stderr


def test_a_full_disk_for_the_line_on_stdout(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "airflow_provider_bcs.cli",
        "local",
        "--port",
        "0",
        "--oss-port",
        "0",
        "--data-dir",
    ]
    with open("/dev/full", "w") as full:
        done = subprocess.run([*command, str(tmp_path)], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1] == "airflow-bcs: cannot write the output: No space left on device."


def test_quotas(start_service: Callable[..., Service]) -> None:
    limits = {"MaxJobCount": 1, "MaxJobTaskCount": 2, "MaxTaskInstanceCount": 3, "MaxInstanceTimeout": 4}
    service = start_service(*(f"--quota={name}={value}" for name, value in limits.items()))
    jobs = {
        "MaxJobTaskCount": job({name: task("true") for name in "abc"}),
        "MaxTaskInstanceCount": job({"t": task("true", 4)}),
        "MaxInstanceTimeout": job({"t": task("true", Timeout=5)}),
        "MaxJobCount": job("true"),
    }
    first = service.create(job("true"), token="first")
    for name, description in jobs.items():
        response = service.call("POST", "/jobs", description)
        assert response.status_code == 403
        assert response.json() == {
            "Code": f"QuotaExhausted.{name}",
            "Message": f"The {name} ({limits[name]}) quota is exhausted.",
        }
    assert service.create(job("true"), token="first") == first
    service.wait(first)
    assert service.call("DELETE", f"/jobs/{first}").status_code == 204
    assert service.create(job("true"))
