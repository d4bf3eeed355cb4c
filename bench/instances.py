"""Rate at which the local service runs instances, compared with bare process starts."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from bench.rows import Row, paired, timed
from tests.batchcompute.jobs import job, task
from tests.local.service import Service, wait_until

INSTANCES = 300
AT_A_TIME = 4


def bare_processes() -> float:
    def all_of_them() -> None:
        running: list[subprocess.Popen[bytes]] = []
        for _ in range(INSTANCES):
            running.append(subprocess.Popen(["true"]))
            if len(running) == AT_A_TIME:
                running.pop(0).wait()
        for process in running:
            process.wait()

    return INSTANCES / timed(all_of_them)


def served_instances(client: Client) -> float:
    def whole_job() -> None:
        created = client.create_job(job({"a": task("true", InstanceCount=INSTANCES)}))
        wait_until(lambda: client.get_job(created).is_terminal, timeout=120)

    return INSTANCES / timed(whole_job)


def rows() -> Iterator[Row]:
    """Yield instances per second. The local service creates a shim, a directory and a namespace for each."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder) / "data", "--max-instances", str(AT_A_TIME))
        client = Client(service.url, "local", ACCESS_KEY_SECRET)
        try:
            what = f"instances of the local service / bare process starts, {AT_A_TIME} at a time"
            yield paired(what, lambda: served_instances(client), bare_processes, 3, "1/s")
        finally:
            service.end()
