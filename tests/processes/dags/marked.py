"""Tasks that are marked as soon as they are deferred."""

import os
from datetime import datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator

JOB = {
    "Name": "endless",
    "Type": "DAG",
    "DAG": {
        "Tasks": {
            "a": {
                "Parameters": {"Command": {"CommandLine": "sleep 600"}},
                "InstanceCount": 1,
                "ClusterId": "cls-marked",
            }
        }
    },
}

with DAG("marked", schedule=None, start_date=datetime(2024, 1, 1), max_active_tasks=1000):
    for number in range(int(os.environ.get("MARKS", "6"))):
        BatchComputeSubmitJobOperator(task_id=f"job{number}", job=JOB, poll_interval=5, deferrable=True)
