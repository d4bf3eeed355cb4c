"""Local service for a test, with its own process and data directory, over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import requests

from airflow_provider_bcs.batchcompute.facts import API_VERSION
from airflow_provider_bcs.http import roa
from tests.child import first_line, restore_signals

TERMINAL = ("Finished", "Failed", "Stopped")


class Service:
    """Service process with a client that signs requests."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.options = options
        self.data_dir = data_dir
        self.log = data_dir.parent / f"{data_dir.name}.log"
        self.session = requests.Session()
        self.start()

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "airflow_provider_bcs.local"]
                + ["--port", "0", "--oss-port", "0", "--data-dir", str(self.data_dir), *self.options],
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "SERVER_SECRET": "must not reach a command"},
                text=True,
                preexec_fn=restore_signals,
            )
        line = first_line(self.process)
        assert line, self.log.read_text()
        self.ready = json.loads(line)
        self.url = self.ready["batchcompute"]

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        try:
            return self.process.wait(20)
        finally:
            self.process.kill()
            assert self.process.stdout is not None
            self.process.stdout.close()

    def call(self, method: str, target: str, body: Any = None, **options: Any) -> requests.Response:
        """Send a signed request; ``body`` is sent as JSON, or unchanged when it is bytes."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers: dict[str, str] = {}
        roa.sign(
            method,
            target,
            headers,
            body=data,
            access_key_id=self.ready["access_key_id"],
            access_key_secret=self.ready["access_key_secret"],
            security_token=None,
            region="local",
            version=API_VERSION,
            date=formatdate(usegmt=True),
            nonce=uuid.uuid4().hex,
        )
        return self.session.request(method, self.url + target, data=data, headers=headers, timeout=30, **options)

    def get(self, target: str) -> Any:
        response = self.call("GET", target)
        assert response.status_code == 200, response.text
        return response.json()

    def create(self, job: dict[str, Any], token: str = "") -> str:
        response = self.call("POST", f"/jobs?IdempotentToken={token}" if token else "/jobs", job)
        assert response.status_code == 201, response.text
        job_id: str = response.json()["Id"]
        return job_id

    def state(self, job_id: str) -> str:
        state: str = self.get(f"/jobs/{job_id}")["State"]
        return state

    def wait(self, job_id: str, timeout: float = 30) -> dict[str, Any]:
        """Wait for the end of a job; return the last response of GetJob."""
        found: dict[str, Any] = {}

        def ended() -> bool:
            found.update(self.get(f"/jobs/{job_id}"))
            return found["State"] in TERMINAL

        wait_until(ended, timeout)
        return found

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        return self.wait(self.create(job))

    def instance(self, job_id: str, task: str = "t", number: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/jobs/{job_id}/tasks/{task}/instances/{number}")
        return found

    def put_object(self, key: str, content: str | bytes) -> None:
        path = self.data_dir / "oss" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def object(self, key: str) -> str:
        return (self.data_dir / "oss" / key).read_text()

    def objects(self, prefix: str) -> list[str]:
        root = self.data_dir / "oss" / prefix
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def wait_until(condition: Callable[[], bool], timeout: float = 20) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.03)


def task(command_line: str, instances: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a task with logs in ``oss://logs/``; EnvVars and PackagePath become fields of its Command."""
    command: dict[str, Any] = {"CommandLine": command_line}
    for name in ("EnvVars", "PackagePath"):
        if name in fields:
            command[name] = fields.pop(name)
    parameters = {
        "Command": command,
        "StdoutRedirectPath": "oss://logs/",
        "StderrRedirectPath": "oss://logs/",
    }
    return {"Parameters": parameters, "InstanceCount": instances, "ClusterId": "cls-1", **fields}


def job(tasks: dict[str, Any] | str, dependencies: dict[str, list[str]] | None = None, **fields: Any) -> Any:
    """Return a job of ``tasks``, or of one task ``t`` that runs a command."""
    if isinstance(tasks, str):
        tasks = {"t": task(tasks)}
    dag: dict[str, Any] = {"Tasks": tasks}
    if dependencies:
        dag["Dependencies"] = dependencies
    return {"Name": "test", "Type": "DAG", "DAG": dag, **fields}
