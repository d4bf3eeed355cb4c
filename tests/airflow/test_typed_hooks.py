"""mypy finds a wrong call from an operator, sensor or hook to its service."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.child import LIMIT

PROJECT = Path(__file__).parents[2]
PROGRAM = """
from airflow_provider_bcs.hooks.dlc import DlcHook
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_cluster import BatchComputeCreateClusterOperator
from airflow_provider_bcs.operators.batchcompute_job import BatchComputeStopJobOperator
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.sensors.batchcompute import BatchComputeJobSensor
from airflow_provider_bcs.sensors.dlc import DlcJobSensor

submit = BatchComputeSubmitJobOperator(task_id="a", job={})
train = DlcSubmitJobOperator(task_id="b", job={})
create = BatchComputeCreateClusterOperator(task_id="c", cluster={})
stop = BatchComputeStopJobOperator(task_id="d", job_id="j")
follow = BatchComputeTaskOperator(task_id="e", job_id="j")
wait = BatchComputeJobSensor(task_id="f", job_id="j")
trained = DlcJobSensor(task_id="g", job_id="j")
"""
CLIENTS = [
    *(f"{name}.hook.client" for name in ("submit", "create", "stop", "follow", "wait")),
    *(f"{name}.hook.client" for name in ("train", "trained")),
    "DlcHook().client",
]
PORTS = ["submit.port", "follow.port", "wait.hook.port", "train.port", "trained.hook.port", "DlcHook().port"]
WRONG = {
    'submit.hook.client.get_jobs("j")': "attr-defined",
    'train.hook.client.get_job("j", "t")': "call-arg",
    "stop.hook.client.change_job_priority('j', 'high')": "arg-type",
    "create.hook.client.delete_cluster()": "call-arg",
    "wait.hook.client.get_job('j').Status": "attr-defined",
    "submit.port.stop('j')": "call-arg",
    "submit.port.submit({}, {}, resume='yes')": "arg-type",
    "train.port.explain('j')": "call-arg",
    "train.port.continue_job('j')": "attr-defined",
    "follow.port.explain_task('j', 'State')": "call-arg",
    "BatchComputeSubmitJobOperator(task_id='x', job={}, retry_strategy='again')": "arg-type",
    "DlcJobSensor(task_id='x', job_id=3)": "arg-type",
}


def test_mypy_sees_what_operators_ask_of_their_service(tmp_path):
    revealed = [f"reveal_type({each})" for each in (*CLIENTS, *PORTS)]
    (tmp_path / "wrong.py").write_text("\n".join([PROGRAM, *revealed, *WRONG]))
    command = [sys.executable, "-m", "mypy", "--strict", "--no-color-output", "--no-error-summary"]
    command += ["--config-file", str(PROJECT / "pyproject.toml"), "--cache-dir", str(PROJECT / ".mypy_cache")]
    done = subprocess.run(
        [*command, str(tmp_path / "wrong.py")],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    lines = (tmp_path / "wrong.py").read_text().splitlines()
    types, errors = {}, {}
    for number, kind, text in re.findall(r"wrong\.py:(\d+): (note|error): (.*)", done.stdout):
        line = lines[int(number) - 1]
        if kind == "error":
            errors[line] = text.rpartition("[")[2].rstrip("]")
        elif "Revealed type" in text:
            types[line[len("reveal_type(") : -1]] = text.split('"')[1].removeprefix("airflow_provider_bcs.")
    assert errors == WRONG, done.stdout + done.stderr
    services = {each: "dlc" if "rain" in each or "Dlc" in each else "batchcompute" for each in (*CLIENTS, *PORTS)}
    ports = {"dlc": "DlcPort", "batchcompute": "BatchComputePort"}
    assert types == {
        **{each: f"{services[each]}.client.Client" for each in CLIENTS},
        **{each: f"{services[each]}.port.{ports[services[each]]}" for each in PORTS},
    }
