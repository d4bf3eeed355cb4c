"""Jobs of Type App in real Airflow tasks, against the local service."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.batchcompute import InvalidJobError
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from tests.airflow.running import output, run_dag, states
from tests.batchcompute.apps import app, app_job, command

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")
START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def run(dag_id, **kwargs):
    with DAG(dag_id, start_date=START, schedule=None, params={"name": dag_id}) as dag:
        BatchComputeSubmitJobOperator(task_id="submit", poll_interval=0.2, **kwargs)
    return states(run_dag(dag))["submit"]


@pytest.mark.parametrize("deferrable", [False, True])
def test_success(client, service, deferrable):
    name = f"app_{deferrable}"
    client.create_app(app(Name=name))
    service.put_object(f"{name}/words.txt", "b\na\n")
    job = app_job(
        "{{ params.name }}",
        Inputs={"words": "oss://{{ params.name }}/words.txt"},
        Outputs={"sorted": "oss://{{ params.name }}/sorted.txt"},
    )
    assert run(name, job=job, deferrable=deferrable) == "success"
    assert service.object(f"{name}/sorted.txt") == "a\nb\n"


@pytest.mark.parametrize("deferrable", [False, True])
def test_failure_says_what_the_program_wrote(client, deferrable, caplog, capfd):
    name = f"app_failure_{deferrable}"
    client.create_app(command('sh -c "echo out of cheese >&2; exit 3"', Name=name))
    job = app_job(name, Logging={"StdoutPath": "oss://app/logs/", "StderrPath": "oss://app/logs/"})
    assert run(name, job=job, deferrable=deferrable) == "failed"
    text = output(caplog, capfd)
    assert "Instance 0 of task App failed: CommandFailed: The command ended with exit code 3." in text
    assert "out of cheese" in text


def test_what_the_service_refuses(caplog, capfd):
    assert run("app_unknown", job=app_job("nobodys")) == "failed"
    assert "InvalidAppName: Specified parameter AppName is not valid. There is no such app." in output(caplog, capfd)


def test_a_wrong_job_is_an_error_of_the_dag_file():
    with pytest.raises(InvalidJobError, match="App.Config.InstanceCount: InvalidInstanceCount"):
        BatchComputeSubmitJobOperator(task_id="submit", job=app_job("sort", Config={"InstanceCount": "2"}))


def test_a_package_is_for_tasks(caplog, capfd):
    assert run("app_package", job=app_job("sort"), package=__file__, package_uri="oss://app/packages/") == "failed"
    assert "package is for the tasks of a job of Type DAG" in output(caplog, capfd)
