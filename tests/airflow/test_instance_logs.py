"""What instances write comes to the task's log and, when they failed, into the error; bounded, and never a failure."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.batchcompute.failure import explain_failure
from airflow_provider_bcs.batchcompute.instance_logs import InstanceLogs
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.translator import SingleJob, job_to_dag
from tests.airflow.conftest import connection_json
from tests.airflow.running import output, run_dag, states
from tests.child import LIMIT
from tests.local.service import job, task
from tests.local.test_faults import counted

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")

#: Instance 1 fails; each says who it is on both streams.
PROGRAM = (
    "sh -c 'for n in 1 2 3 4 5 6; do echo out $BATCH_COMPUTE_DAG_INSTANCE_ID line $n; done;"
    " echo err $BATCH_COMPUTE_DAG_INSTANCE_ID >&2; test $BATCH_COMPUTE_DAG_INSTANCE_ID != 1 || { sleep 1; exit 3; }'"
)


def operator_dag(description: Any, **arguments: Any) -> Any:
    with DAG("instance_logs", schedule=None, start_date=datetime(2024, 1, 1)) as dag:
        BatchComputeSubmitJobOperator(task_id="t", job=description, poll_interval=0.2, **arguments)
    return dag


@pytest.mark.parametrize("deferrable", [False, True])
def test_failed_instances(caplog, capfd, deferrable):
    description = job({"t": task(PROGRAM, 3)})
    run = run_dag(operator_dag(description, deferrable=deferrable, log_lines=2))
    assert states(run) == {"t": "failed"}
    log = output(caplog, capfd)
    assert "stdout of instance 1 of task t, Failed: oss://logs/stdout." in log
    for line in ("out 1 line 1", "out 1 line 2", "out 1 line 5", "out 1 line 6", "err 1"):
        assert f"  | {line}" in log
    assert "out 1 line 3" not in log
    assert "bytes omitted" in log
    assert "out 0" not in log


@pytest.mark.parametrize(
    ("which", "expected"), [("all", {0, 1, 2}), ("failed", {1}), ("none", set()), (1, {0, 1}), (0, {1})]
)
def test_which_instances(service, client, which, expected):
    job_id = service.create(job({"t": task(PROGRAM, 3)}))
    assert service.wait(job_id)["State"] == "Failed"
    logs = InstanceLogs(client, lambda: BatchComputeHook().objects, which, 10)
    lines = list(logs.read(job_id))
    assert {number for number in range(3) if f"  | err {number}" in lines} == expected
    assert {number for number in range(3) if f"  | out {number} line 6" in lines} == expected


@pytest.mark.parametrize(("width", "is_told_once"), [(40, True), (400, False)])
def test_the_error_has_the_last_lines(service, client, width, is_told_once):
    job_id = service.create(job(f"sh -c 'for n in $(seq 60); do printf \"error %0{width}d\\n\" $n >&2; done; exit 3'"))
    assert service.wait(job_id)["State"] == "Failed"
    with_logs, without = (
        str(explain_failure(client, job_id, "Failed", InstanceLogs(client, lambda: BatchComputeHook().objects, which)))
        for which in ("failed", "none")
    )
    last = [f"error {number:0{width}}" for number in range(51, 61)]
    assert all(line in with_logs for line in last)
    # The service itself keeps the last 2,048 bytes.
    assert all(line in without for line in last) == is_told_once
    assert with_logs.count(last[-1]) == (1 if is_told_once else 2)


def test_a_success_asks_for_no_object(service):
    before = counted(service, "oss.GetObject")
    assert states(run_dag(operator_dag(job("echo x")))) == {"t": "success"}
    assert counted(service, "oss.GetObject") == before


@pytest.mark.parametrize("deferrable", [False, True])
def test_one_task_of_a_job(caplog, capfd, deferrable):
    tasks = {"good": task("echo good"), "bad": task("sh -c 'echo bad out; echo bad err >&2; sleep 1; exit 3'")}
    arguments = {"deferrable": deferrable, "poll_interval": 0.2, "log_instances": "all"}
    dag = job_to_dag(job(tasks), dag_id="logs_of_tasks", execution=SingleJob(), operator_args=arguments, schedule=None)
    found = states(run_dag(dag))
    assert (found["good"], found["bad"]) == ("success", "failed")
    log = output(caplog, capfd)
    for line in ("good", "bad out", "bad err"):
        assert f"  | {line}" in log


@pytest.mark.parametrize("extra", [{}, {"oss_endpoint": "http://127.0.0.1:9"}])
def test_no_object_store_is_a_line(service, monkeypatch, caplog, capfd, extra):
    settings = {**json.loads(connection_json(service)), "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_BCS_DEFAULT", json.dumps(settings))
    assert states(run_dag(operator_dag(job("echo x"), log_instances="all"))) == {"t": "success"}
    assert "(the log is unreadable: " in output(caplog, capfd)


def test_a_missing_object_is_a_line(service, client):
    job_id = service.create(job("echo x"))
    service.wait(job_id)
    (service.data_dir / f"oss/logs/stdout.{job_id}.t.0").unlink()
    (service.data_dir / f"oss/logs/stderr.{job_id}.t.0").write_bytes(b"\xff\xfe broken\r\n" + b"x" * 5000)
    lines = list(InstanceLogs(client, lambda: BatchComputeHook().objects, "all").read(job_id))
    assert lines[1].startswith("  | (there is no log: NoSuchKey")
    assert lines[3] == "  | \ufffd\ufffd broken"
    assert lines[4].endswith("... (3,000 more characters)")


def test_wrong_arguments():
    for arguments, text in (
        ({"log_instances": "some"}, "log_instances: found 'some'; expected 'failed', 'all', 'none' or a number from 0"),
        ({"log_instances": -1}, "found -1"),
        ({"log_lines": 0}, "log_lines: found 0; expected a whole number from 1 to 10,000"),
        ({"log_lines": "5"}, "found '5'"),
    ):
        with pytest.raises(ValueError, match=text):
            operator_dag(job("true"), **arguments)


MEASURE = """
import sys
from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.batchcompute.instance_logs import InstanceLogs
from airflow_provider_bcs.oss import ObjectStore
from airflow_provider_bcs.http.credentials import Credentials
def peak():
    # Not ru_maxrss, which a process has from the one that started it.
    return int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
url, oss, small, large = sys.argv[1:]
store = ObjectStore("local", endpoint=oss, credentials=Credentials("local", "bcs-local-secret-9f3a"))
logs = InstanceLogs(Client(url, "local", "bcs-local-secret-9f3a"), lambda: store, "all", 100)
list(logs.read(small))
before = peak()
lines = list(logs.read(large))
print(peak() - before, len(lines))
"""


def test_a_large_log_costs_little(service):
    small = service.create(job("echo x"))
    program = "for n in range(200): print(('x' * 99 + chr(10)) * 10000, end='')"
    large = service.create(job({"t": task(f'python -c "{program}"')}))
    assert {service.wait(job_id)["State"] for job_id in (small, large)} == {"Finished"}
    assert (service.data_dir / f"oss/logs/stdout.{large}.t.0").stat().st_size == 200_000_000
    addresses = (service.ready["batchcompute"], service.ready["oss"])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *addresses, small, large],
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT,
    )
    kilobytes, lines = map(int, done.stdout.split())
    # Two headings, 201 lines of stdout with the one about the gap, and "(empty)" for stderr.
    assert (kilobytes < 10_000, lines) == (True, 204), kilobytes
