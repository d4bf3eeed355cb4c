"""The PAI-DLC sensors in real Airflow tasks: poke, reschedule and deferrable."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.sensors.dlc import DlcJobSensor, DlcPodSensor
from tests.airflow.running import run_dag, serialized, states, task_log
from tests.dlc.jobs import job
from tests.local.service import wait_until

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")

KINDS = [(DlcJobSensor, {}), (DlcPodSensor, {"pod_id": "worker-0"})]
MODES = {"poke": {}, "reschedule": {"mode": "reschedule"}, "deferrable": {"deferrable": True}}


def run(sensor, name, **kwargs):
    with DAG(name, start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None) as dag:
        sensor(task_id="wait", poke_interval=0.2, **kwargs)
    return states(run_dag(dag))["wait"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("sensor", "arguments"), KINDS)
def test_success(dlc, sensor, arguments, mode):
    submitted = dlc.create_job(job("sleep 0.6", pods=2)).JobId
    assert run(sensor, f"dlc_ok_{mode}", job_id=submitted, **arguments, **MODES[mode]) == "success"
    assert {pod.Status for pod in dlc.get_job(submitted).Pods if pod.Type == "worker"} == {"Succeeded"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("sensor", "arguments"), KINDS)
def test_failure(dlc, sensor, arguments, mode):
    submitted = dlc.create_job(job("sleep 0.4; exit 1", pods=2)).JobId
    assert run(sensor, f"dlc_bad_{mode}", job_id=submitted, **arguments, **MODES[mode]) == "failed"


def test_soft_fail_skips(dlc):
    submitted = dlc.create_job(job("exit 1")).JobId
    assert run(DlcJobSensor, "dlc_soft", job_id=submitted, soft_fail=True) == "skipped"


def test_a_pod_is_seen_while_the_rest_of_the_job_still_runs(dlc):
    submitted = dlc.create_job(job('test "$RANK" = 1 || sleep 60', pods=2)).JobId
    assert run(DlcPodSensor, "dlc_pod", job_id=submitted, pod_id=f"{submitted}-worker-0") == "success"
    assert dlc.get_job(submitted).Status == "Running"
    dlc.stop_job(submitted)


def test_a_pod_that_never_was(dlc, caplog, capfd):
    submitted = dlc.create_job(job()).JobId
    wait_until(lambda: dlc.get_job(submitted).is_terminal)
    assert run(DlcPodSensor, "dlc_no_pod", job_id=submitted, pod_id="worker-7") == "failed"
    text = task_log(caplog) + "".join(capfd.readouterr())
    assert f"Job {submitted} is Succeeded, but its pod worker-7 does not exist; pods: {submitted}-master-0." in text


def test_a_job_whose_pods_are_kept_has_ended(dlc):
    kept = {"JobReservedMinutes": 30, "JobReservedPolicy": "Always"}
    for command, end in (("exit 0", "success"), ("exit 1", "failed")):
        submitted = dlc.create_job(job(command, Settings=kept)).JobId
        wait_until(lambda submitted=submitted: dlc.get_job(submitted).Status.endswith("Reserving"))
        assert run(DlcJobSensor, "dlc_reserving", job_id=submitted) == end


def test_templates_and_serialization():
    with DAG("dlc_sensor", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None) as dag:
        sensor = DlcPodSensor(task_id="wait", job_id="{{ ti }}", pod_id="{{ ds }}-worker-0")
    assert set(sensor.template_fields) == {"job_id", "pod_id", "bcs_conn_id"}
    assert "{{ ds }}-worker-0" in str(serialized(dag))
