"""A job of the first API, in every form an author has it, runs in Airflow."""

from __future__ import annotations

import io
import json
import tarfile
import warnings
from datetime import datetime, timezone

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.batchcompute import InvalidJobError, JobWarning, from_v1
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator
from airflow_provider_bcs.translator import BatchComputeTaskGroup, PaiDlc, SingleJob, job_to_dag
from tests.airflow.running import run_dag, states
from tests.batchcompute.legacy_jobs import VendorObject, find_prime, v1_job

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
LOGS = "your-bucket/batch_python_sdk/logs/"
WORKER = b"""
import os, sys
limit = int(sys.argv[1]) if len(sys.argv) > 1 else 30
sieve = [n for n in range(2, limit) if all(n % d for d in range(2, n))]
print(os.environ.get("LABEL", "primes"), *sieve)
"""

pytestmark = [
    pytest.mark.usefixtures("airflow_db", "connection", "worker"),
    pytest.mark.filterwarnings("default::airflow_provider_bcs.batchcompute.JobWarning"),
]


@pytest.fixture
def worker(service):
    """The program that the job's package holds."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("find_prime_worker.py")
        member.size = len(WORKER)
        archive.addfile(member, io.BytesIO(WORKER))
    service.put_object("your-bucket/batch_python_sdk/worker.tar.gz", packed.getvalue())


def printed(service, dag_run, task="Find"):
    """Return what the task's program printed."""
    (ti,) = (ti for ti in dag_run.get_task_instances() if ti.task_id.endswith(task))
    job_id = ti.xcom_pull(task_ids=ti.task_id, key="job_id")
    return service.object(f"{LOGS}stdout.{job_id}.{task}.0")


def test_a_graph_of_the_first_api_runs(service):
    second = find_prime(
        ProgramArguments="12", EnvironmentVariables={"LABEL": "few"}, StdoutRedirectPath=f"oss://{LOGS}"
    )
    old = v1_job({"Find": find_prime(StdoutRedirectPath=f"oss://{LOGS[:-1]}"), "Again": second}, {"Find": ["Again"]})
    with pytest.warns(JobWarning, match="JobTag has no counterpart"):
        dag = job_to_dag(old, "old", operator_args={"poll_interval": 0.2})
    assert dag.get_task("Find").downstream_task_ids == {"Again"}
    found = run_dag(dag)
    assert states(found) == {"Find": "success", "Again": "success"}
    assert printed(service, found) == "primes 2 3 5 7 11 13 17 19 23 29\n"
    assert printed(service, found, "Again") == "few 2 3 5 7 11\n"


def forms(folder):
    (folder / "old.json").write_text(json.dumps(v1_job()))
    (folder / "old.yaml").write_text(json.dumps(v1_job()))
    dag = VendorObject(TaskDescMap={"Find": VendorObject(**find_prime())}, Dependencies={})
    return {
        "dict": v1_job(),
        "text": json.dumps(v1_job()),
        "json": "old.json",
        "yaml": folder / "old.yaml",
        "vendor": VendorObject(**{**v1_job(), "TaskDag": dag}),
    }


@pytest.mark.parametrize("form", ["dict", "text", "json", "yaml", "vendor"])
def test_the_operator_takes_every_form(service, tmp_path, form):
    with DAG(f"v1_{form}", start_date=START, schedule=None, template_searchpath=[str(tmp_path)]) as dag:
        with warnings.catch_warnings(record=True) as seen:
            operator = BatchComputeSubmitJobOperator(task_id="Find", job=forms(tmp_path)[form], poll_interval=0.2)
            operator.resolve_template_files()
    assert [str(item.message) for item in seen if item.category is JobWarning] == [
        "JobTag has no counterpart and is left out."
    ]
    found = run_dag(dag)
    assert states(found) == {"Find": "success"}
    assert printed(service, found).startswith("primes 2 3 5")


def test_templates(service):
    whole = "{{ params.job }}"
    with DAG("v1_templates", start_date=START, schedule=None, params={"limit": 6, "job": json.dumps(v1_job())}) as dag:
        fields = {"ProgramArguments": "{{ params.limit }}", "EnvironmentVariables": {"LABEL": "{{ dag.dag_id }}"}}
        logs = {"StdoutRedirectPath": "oss://your-bucket/{{ 'batch_python_sdk' }}/logs"}
        old = v1_job({"Find": find_prime(**fields, **logs)}, JobTag=None)
        BatchComputeSubmitJobOperator(task_id="inside.Find", job=old, poll_interval=0.2)
        BatchComputeSubmitJobOperator(task_id="whole", job=whole, poll_interval=0.2)
    found = run_dag(dag)
    assert states(found) == {"inside.Find": "success", "whole": "success"}
    assert printed(service, found) == "v1_templates 2 3 5\n"


def test_what_is_rendered_is_checked(caplog, capfd):
    with DAG("v1_bad", start_date=START, schedule=None, params={"job": json.dumps({**v1_job(), "Nmae": 1})}) as dag:
        BatchComputeSubmitJobOperator(task_id="whole", job="{{ params.job }}")
    assert states(run_dag(dag)) == {"whole": "failed"}
    assert "Nmae: InvalidNmae" in caplog.text + "".join(capfd.readouterr())


def test_errors_at_parse_time_name_the_field():
    old = v1_job({"Find": find_prime(Tiemout=3)})
    for build in (job_to_dag, lambda job: BatchComputeSubmitJobOperator(task_id="x", job=job)):
        with pytest.raises(InvalidJobError, match=r"TaskDag\.TaskDescMap\.Find\.Tiemout: .* did you mean Timeout"):
            build(old)


def test_a_group_has_the_jobs_of_the_converted_file():
    with DAG("v1_group", start_date=START, schedule=None):
        with pytest.warns(JobWarning):
            old = BatchComputeTaskGroup("old", v1_job())
        new = BatchComputeTaskGroup("new", from_v1(v1_job())[0])
    assert old["Find"].job == new["Find"].job


@pytest.mark.parametrize(
    ("way", "execution"), [("job", SingleJob()), ("dlc", PaiDlc(images={"img-xxxx": "python:3.11"}))]
)
def test_it_runs_in_the_other_ways(service, way, execution):
    with pytest.warns(JobWarning, match="JobTag has no counterpart"):
        dag = job_to_dag(
            v1_job(),
            f"old_{way}",
            execution=execution,
            operator_args={"poll_interval": 0.2},
        )
    found = run_dag(dag)
    assert set(states(found).values()) == {"success"}
    folder = service.data_dir / "oss" / LOGS
    (job_id,) = {
        ti.xcom_pull(task_ids="submit" if way == "job" else "Find", key="job_id") for ti in found.get_task_instances()
    }
    assert (folder / f"stdout.{job_id}.Find.0").read_text().startswith("primes 2 3 5 7")


def test_the_dlc_operator_takes_it(service):
    with DAG("v1_on_dlc", start_date=START, schedule=None) as dag:
        with pytest.warns(JobWarning, match="JobTag has no counterpart"):
            BatchComputeTaskOnDlcOperator(task_id="Find", job=v1_job(), image="python:3.11", poll_interval=0.2)
    assert states(run_dag(dag)) == {"Find": "success"}
