"""Blocking tasks whose workers are killed; the run says when."""

from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator

TASK = {
    "Parameters": {"Command": {"CommandLine": "sleep 5"}},
    "InstanceCount": 1,
    "ClusterId": "cls-killed-{{ run_id }}",
}
TRAINING = {
    "DisplayName": "killed-{{ run_id }}",
    "JobType": "PyTorchJob",
    "JobSpecs": [{"Type": "Worker", "PodCount": 1, "Image": "python:3.11", "EcsSpec": "ecs.c6.large"}],
    "UserCommand": "sleep 5",
}
RETRIED = {"poll_interval": 1, "deferrable": False, "retries": 2, "retry_delay": timedelta(seconds=1)}

with DAG("killed-workers", schedule=None, start_date=datetime(2024, 1, 1)):
    BatchComputeSubmitJobOperator(
        task_id="job", job={"Name": "killed", "Type": "DAG", "DAG": {"Tasks": {"a": TASK}}}, **RETRIED
    )
    DlcSubmitJobOperator(task_id="training", job=TRAINING, **RETRIED)
