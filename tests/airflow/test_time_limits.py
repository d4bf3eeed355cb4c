"""A passed time limit ends each wait with the package's own error, whatever the mode, and names that limit."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowException, AirflowTaskTimeout

from airflow_provider_bcs.exceptions import (
    BcsError,
    ConnectionSettingsError,
    SoftFailError,
    TaskTimeoutError,
    WaitTimeoutError,
)
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.sensors.batchcompute import BatchComputeJobSensor
from tests.airflow.running import run_dag
from tests.batchcompute.jobs import job, task

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")

SLEEP = job({"a": task("sleep 600")})
SECOND = timedelta(seconds=1)
SENSORS = [{}, {"mode": "reschedule"}, {"deferrable": True}]


def errors(cls: Any, **kwargs: Any) -> list[BaseException]:
    """Run an operator in a DAG and return the errors of this package that end its methods."""
    found: list[BaseException] = []

    class Catching(cls):
        def execute(self, context: Any) -> Any:
            try:
                return super().execute(context)
            except BcsError as error:
                found.append(error)
                raise

        def execute_complete(self, context: Any, event: Any) -> Any:
            try:
                return super().execute_complete(context, event)
            except BcsError as error:
                found.append(error)
                raise

    with DAG("limits", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None) as dag:
        Catching(task_id="wait", **kwargs)
    # In Airflow 2 a passed execution_timeout leaves even dag.test().
    with contextlib.suppress(AirflowTaskTimeout):
        run_dag(dag)
    return found


@pytest.fixture
def job_id(client):
    submitted = client.create_job(SLEEP)
    yield submitted.Id
    client.stop_job(submitted)


@pytest.mark.parametrize("mode", SENSORS)
def test_the_timeout_of_a_sensor(job_id, mode):
    given = {"job_id": job_id, "timeout": 1, "poke_interval": 0.1, **mode}
    assert [type(error) for error in errors(BatchComputeJobSensor, **given)] == [WaitTimeoutError]
    (skipped,) = errors(BatchComputeJobSensor, **given, soft_fail=True)
    assert type(skipped) is SoftFailError
    assert job_id in str(skipped)


def test_execution_timeout_of_a_deferred_sensor_is_retried(job_id):
    (error,) = errors(
        BatchComputeJobSensor, job_id=job_id, execution_timeout=SECOND, poke_interval=0.1, deferrable=True
    )
    assert type(error) is TaskTimeoutError
    # Airflow retries no task that ends with such an error of a sensor.
    assert not isinstance(error, AirflowException)
    assert str(error) == f"job {job_id} did not end within execution_timeout, 0:00:01."


@pytest.mark.parametrize("deferrable", [False, True])
def test_both_limits_of_a_followed_task(job_id, deferrable):
    given = {"job_id": job_id, "task_name": "a", "poll_interval": 0.1, "deferrable": deferrable}
    follow = BatchComputeTaskOperator
    assert [type(error) for error in errors(follow, **given, timeout=1)] == [WaitTimeoutError]
    assert [type(error) for error in errors(follow, **given, execution_timeout=SECOND)] == [TaskTimeoutError]
    assert [type(error) for error in errors(follow, **given, execution_timeout=SECOND, soft_fail=True)] == [
        SoftFailError
    ]


@pytest.mark.parametrize("deferrable", [False, True])
def test_execution_timeout_of_a_submitted_job(deferrable):
    (error,) = errors(
        BatchComputeSubmitJobOperator,
        job=SLEEP,
        poll_interval=0.1,
        deferrable=deferrable,
        execution_timeout=timedelta(seconds=3),
    )
    assert type(error) is TaskTimeoutError


def test_a_wrong_endpoint_names_the_connection(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_WRONG", '{"conn_type": "bcs", "host": "::::", "login": "a", "password": "b"}')
    with pytest.raises(ConnectionSettingsError, match="^Connection wrong: endpoint: found"):
        _ = BatchComputeHook("wrong").client
