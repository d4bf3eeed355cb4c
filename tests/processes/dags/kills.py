"""Tasks that are ended from outside while they wait for their jobs."""

from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.translator import BatchComputeTaskGroup, SingleJob


def job(name):
    task = {"Parameters": {"Command": {"CommandLine": "sleep 600"}}, "InstanceCount": 1, "ClusterId": f"cls-{name}"}
    return {"Name": "endless", "Type": "DAG", "DAG": {"Tasks": {"a": task}}}


TRAINING = {
    "DisplayName": "deferred-{{ run_id }}",
    "JobType": "PyTorchJob",
    "JobSpecs": [{"Type": "Worker", "PodCount": 1, "Image": "python:3.11", "EcsSpec": "ecs.c6.large"}],
    "UserCommand": "sleep 600",
}
WAITING = {"poll_interval": 5, "deferrable": True}
SHORT = {"schedule": None, "start_date": datetime(2024, 1, 1), "dagrun_timeout": timedelta(hours=1)}

with DAG("deferred", **SHORT):
    BatchComputeSubmitJobOperator(task_id="job", job=job("deferred-{{ run_id }}"), **WAITING)
    DlcSubmitJobOperator(task_id="training", job=TRAINING, **WAITING)

with DAG("blocking", **SHORT):
    BatchComputeSubmitJobOperator(task_id="job", job=job("blocking-{{ run_id }}"), poll_interval=5, deferrable=False)

with DAG("mirrored", schedule=None, start_date=datetime(2024, 1, 1)):
    BatchComputeTaskGroup("g", job("mirrored"), execution=SingleJob(), operator_args={**WAITING, "retries": 0})

with DAG("kept", schedule=None, start_date=datetime(2024, 1, 1)):
    for number in range(3):
        BatchComputeSubmitJobOperator(task_id=f"kept{number}", job=job(f"kept{number}"), **WAITING)
