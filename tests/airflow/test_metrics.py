"""What arrives at a StatsD server is what docs/metrics.md lists."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from airflow_provider_bcs.batchcompute.operations import OPERATIONS, POLLS, operation_of
from airflow_provider_bcs.local.batchcompute import assembly
from airflow_provider_bcs.local.options import LocalOptions
from airflow_provider_bcs.local.runner import Settings
from airflow_provider_bcs.local.store import Store
from tests.airflow.conftest import connection_json
from tests.airflow.test_docs import DOCS
from tests.child import LIMIT
from tests.conftest import HOME
from tests.local.service import Service

ROOT = Path(__file__).parents[2]
KINDS = {"counter": "c", "gauge": "g", "timer": "ms"}


def listed() -> dict[str, re.Pattern[str]]:
    """Return name -> pattern of the StatsD lines, of each row of the page."""
    rows = re.findall(r"^\| `(bcs\.[\w.]+)` \| (\w+) \|", (DOCS / "metrics.md").read_text(), re.MULTILINE)
    patterns = {}
    for name, kind in rows:
        pattern = re.escape(name).replace("SERVICE", "(?:batchcompute|dlc)")
        for word in ("OPERATION", "CODE", "HOST"):
            pattern = pattern.replace(word, r"[\w-]+")
        patterns[name] = re.compile(rf"airflow\.{pattern}:[\d.]+\|{KINDS[kind]}")
    return patterns


def received(server: socket.socket) -> list[str]:
    """Return the lines of this provider that a server has received."""
    server.setblocking(False)
    lines: list[str] = []
    while True:
        try:
            lines += server.recv(65536).decode().splitlines()
        except BlockingIOError:
            return [line for line in lines if ".bcs." in line]


@pytest.fixture(scope="module")
def lines(airflow_db: None, service: Service) -> list[str]:
    """The lines of one run with tasks of each kind."""
    pytest.importorskip("statsd", reason="Airflow reports to StatsD with this package")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        # Airflow's own metrics arrive too, and nothing reads before the run has ended.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        server.bind(("127.0.0.1", 0))
        environment = {
            "AIRFLOW_HOME": HOME,
            "AIRFLOW_CONN_BCS_DEFAULT": connection_json(service),
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(server.getsockname()[1]),
            # Leaves room in the buffer of the socket.
            "AIRFLOW__METRICS__METRICS_ALLOW_LIST": "bcs",
        }
        command = [sys.executable, "-m", "tests.airflow.metered_run", service.url]
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=LIMIT
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return received(server)


def test_each_line_is_listed_and_each_row_occurs(lines):
    patterns = listed()
    assert len(patterns) == 9
    matched: Counter[str] = Counter()
    for line in lines:
        (name,) = [name for name, pattern in patterns.items() if pattern.fullmatch(line)]
        matched[name] += 1
    assert set(matched) == set(patterns)


def test_the_numbers_are_those_of_the_run(lines):
    counts: Counter[str] = Counter()
    for line in lines:
        if found := re.fullmatch(r"airflow\.bcs\.([^:]+):(\d+)\|c", line):
            counts[found[1]] += int(found[2])
    assert counts["batchcompute.submissions.new"] == 3
    assert counts["batchcompute.submissions.reattached"] == 1
    assert counts["batchcompute.submissions.refused"] == 1
    assert counts["batchcompute.errors.CreateJob.InvalidPriority"] == 1
    # The second try asks with its own values first.
    assert counts["batchcompute.errors.CreateJob.IdempotentTokenMismatch"] == 1
    assert counts["batchcompute.errors.GetJob.InternalError"] == 1
    # With the line that names the instance.
    assert counts["batchcompute.log_lines"] == 3
    assert counts["dlc.submissions.new"] == 3
    assert counts["dlc.log_lines"] == 3
    assert counts["dlc.kills"] == 1
    assert {name for name in counts if ".kills" in name} == {"dlc.kills"}
    assert {name.split(".")[2] for name in counts if ".polls." in name} <= POLLS
    gauges = [line.partition(":")[2] for line in lines if ".waits.open." in line]
    # One wait of each service, one after the other.
    assert sorted(gauges) == ["0|g", "0|g", "1|g", "1|g"]


def test_requests_have_the_names_of_the_operations(tmp_path: Path):
    store = Store(tmp_path / "state.sqlite", assembly.SCHEMA)
    gateway, *_ = assembly.assemble(LocalOptions(), LocalOptions(), Settings(tmp_path, "rewrite", "", ""), store)
    store.close()
    routes = list(gateway.routes)
    assert len(routes) == len(OPERATIONS)
    for route in routes:
        target = f"{re.sub('{.*?}', 'some.name', route.path)}?{route.query_key}"
        assert f"batchcompute.{operation_of(route.method, target)}" == route.operation
    assert operation_of("GET", "/jobs?State=Running&Marker=description&MaxItemCount=100") == "ListJobs"
    assert operation_of("GET", "/elsewhere") == "Other"
