"""Deferred tasks whose triggerer is killed; the run says which flag their jobs wait for."""

import os
from datetime import datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator

TASK = {
    "Parameters": {"Command": {"CommandLine": "sh -c 'until test -e /mnt/in/flag; do sleep 1; done'"}},
    "InstanceCount": 1,
    "ClusterId": "cls-held-{{ run_id }}",
    "InputMapping": {"oss://bcs-processes/held-{{ run_id }}/": "/mnt/in/"},
}

with DAG("killed-triggerer", schedule=None, start_date=datetime(2024, 1, 1)):
    BatchComputeSubmitJobOperator.partial(task_id="job", deferrable=True, poll_interval=5).expand(
        job=[
            {"Name": f"held-{number}", "Type": "DAG", "DAG": {"Tasks": {"a": TASK}}}
            for number in range(int(os.environ["WAITS"]))
        ]
    )
