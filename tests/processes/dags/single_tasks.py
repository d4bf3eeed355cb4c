"""DAGs that the tests with real processes run."""

from datetime import datetime, timedelta
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.translator import job_to_dag

EXAMPLES = Path(__file__).parents[3] / "example_dags"

primes = job_to_dag(
    str(EXAMPLES / "find_primes.json"), dag_id="primes", operator_args={"deferrable": True, "poll_interval": 5}
)


def job(command, cluster):
    task = {"Parameters": {"Command": {"CommandLine": command}}, "InstanceCount": 1, "ClusterId": cluster}
    return {"Name": "a-job", "Type": "DAG", "DAG": {"Tasks": {"a": task}}}


def endless(cluster):
    return job("sleep 600", cluster)


with DAG("killed", schedule=None, start_date=datetime(2024, 1, 1)) as killed:
    BatchComputeSubmitJobOperator(task_id="blocking", job=endless("cls-killed"), poll_interval=1, deferrable=False)

with DAG("late", schedule=None, start_date=datetime(2024, 1, 1)) as late:
    BatchComputeSubmitJobOperator(
        task_id="deferred",
        job=endless("cls-late"),
        poll_interval=1,
        deferrable=True,
        execution_timeout=timedelta(seconds=20),
    )

# A clear finds two of these waiting, and one that has ended.
with DAG("cleared", schedule=None, start_date=datetime(2024, 1, 1)) as cleared:
    BatchComputeSubmitJobOperator(task_id="job", job=endless("cls-cleared"), poll_interval=2, deferrable=True)
    DlcSubmitJobOperator(
        task_id="training", job=str(Path(__file__).parent / "endless.yaml"), poll_interval=2, deferrable=True
    )
    BatchComputeSubmitJobOperator(task_id="done", job=job("true", "cls-done"), poll_interval=1, deferrable=False)

with DAG("cleared-running", schedule=None, start_date=datetime(2024, 1, 1)) as cleared_running:
    BatchComputeSubmitJobOperator(
        task_id="job",
        job=endless("cls-running"),
        poll_interval=2,
        deferrable=False,
        # Airflow 2.11 counts a clear of what runs as a retry.
        retry_delay=timedelta(seconds=1),
    )

with DAG("logged", schedule=None, start_date=datetime(2024, 1, 1)) as logged:
    DlcSubmitJobOperator(
        task_id="train", job=str(Path(__file__).parent / "talker.yaml"), deferrable=True, poll_interval=2
    )
