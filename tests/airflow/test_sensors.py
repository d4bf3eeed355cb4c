"""The sensors in real Airflow tasks: poke, reschedule and deferrable."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timezone

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.exceptions import JobFailedError
from airflow_provider_bcs.sensors.batchcompute import (
    BatchComputeInstanceSensor,
    BatchComputeJobSensor,
    BatchComputeTaskSensor,
)
from tests.airflow.running import run_dag, serialized, states, task_log
from tests.batchcompute.jobs import job, task
from tests.child import LIMIT

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")

KINDS = [
    (BatchComputeJobSensor, {}),
    (BatchComputeTaskSensor, {"task_name": "a"}),
    (BatchComputeInstanceSensor, {"task_name": "a", "instance_id": 1}),
]
MODES = {"poke": {}, "reschedule": {"mode": "reschedule"}, "deferrable": {"deferrable": True}}


def run(sensor, name, **kwargs):
    with DAG(name, start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None) as dag:
        sensor(task_id="wait", poke_interval=0.2, **kwargs)
    return states(run_dag(dag))["wait"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("sensor", "arguments"), KINDS)
def test_success(client, sensor, arguments, mode):
    submitted = client.create_job(job({"a": task("sleep 0.6", InstanceCount=2)}))
    assert run(sensor, f"ok_{mode}", job_id=submitted.Id, **arguments, **MODES[mode]) == "success"
    assert client.get_instance(submitted, "a", 1).State == "Finished"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("sensor", "arguments"), KINDS)
def test_failure(client, sensor, arguments, mode):
    submitted = client.create_job(
        job({"a": task('sh -c "sleep 0.4; exit 1"', InstanceCount=2)}, JobFailOnInstanceFail=False)
    )
    assert run(sensor, f"bad_{mode}", job_id=submitted.Id, **arguments, **MODES[mode]) == "failed"


@pytest.mark.parametrize("mode", MODES)
def test_soft_fail_skips(client, mode):
    submitted = client.create_job(job({"a": task('sh -c "sleep 0.4; exit 1"')}))
    found = run(BatchComputeJobSensor, f"soft_{mode}", job_id=submitted.Id, soft_fail=True, **MODES[mode])
    assert found == "skipped"


@pytest.mark.parametrize("mode", ["poke", "deferrable"])
def test_a_timeout_leaves_the_job_alone(client, mode):
    submitted = client.create_job(job({"a": task("sleep 600")}))
    found = run(BatchComputeJobSensor, f"late_{mode}", job_id=submitted.Id, timeout=1, **MODES[mode])
    assert found == "failed"
    assert not client.get_job(submitted).is_terminal
    client.stop_job(submitted)


def test_a_task_is_seen_while_the_rest_of_the_job_still_runs(client):
    submitted = client.create_job(job({"a": task("true"), "b": task("sleep 600")}))
    found = run(BatchComputeTaskSensor, "early", job_id=submitted.Id, task_name="a", deferrable=True)
    assert found == "success"
    assert not client.get_job(submitted).is_terminal
    client.stop_job(submitted)


def test_a_job_that_is_not_there(caplog, capfd):
    assert run(BatchComputeJobSensor, "gone", job_id="job-0") == "failed"
    assert "job job-0 does not exist, or was deleted: InvalidResource.NotFound" in task_log(caplog) + "".join(
        capfd.readouterr()
    )


def test_templates_and_serialization(client):
    submitted = client.create_job(job({"a": task("true")}))
    with DAG("t", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None, params={"i": 0}) as dag:
        BatchComputeInstanceSensor(
            task_id="wait", job_id=submitted.Id, task_name="{{ 'a' }}", instance_id="{{ params.i }}", poke_interval=0.2
        )
    assert serialized(dag)
    assert states(run_dag(dag)) == {"wait": "success"}


def test_one_failed_poll_is_not_a_failed_task(client, faults):
    submitted = client.create_job(job({"a": task("sleep 0.5")}))
    faults({"operation": "batchcompute.GetJob", "kind": "error-500", "times": 1})
    assert run(BatchComputeJobSensor, "blip", job_id=submitted.Id) == "success"


def test_default_deferrable_is_honoured():

    program = (
        "from airflow_provider_bcs.sensors.batchcompute import BatchComputeJobSensor as S;"
        "from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator as O;"
        "from tests.batchcompute.jobs import job;"
        "print(S(task_id='a', job_id='j').deferrable, O(task_id='a', job=job()).deferrable)"
    )
    for value in ("True", "False"):
        environment = {**os.environ, "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": value}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=LIMIT
        )
        assert done.stdout.endswith(f"{value} {value}\n")


def test_poking_by_hand(client):
    submitted = client.create_job(job({"a": task("sleep 600")}))
    sensor = BatchComputeJobSensor(task_id="wait", job_id=submitted.Id)
    assert sensor.poke({}) is False
    client.stop_job(submitted)
    with pytest.raises(JobFailedError, match="is Stopped"):
        sensor.poke({})
