"""A graph wired in Airflow that BatchCompute runs as one job.

`square` squares the numbers 1 to 9 in three instances. `add` adds them up.

Runs as it is against the local service (`airflow-bcs local`), with its connection `bcs_default`.
In the cloud it needs a bucket, images and instance types of your own.
"""

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.translator import BatchComputeJobTaskGroup

FOLDER = "oss://bcs-demo/wired_as_one_job/{{ run_id }}/"
CLUSTER = {"AutoCluster": {"ImageId": "img-ubuntu", "InstanceType": "ecs.sn1ne.large"}, "Timeout": 600}

SQUARE = {
    "Parameters": {
        "Command": {
            "CommandLine": """sh -c '
        mkdir -p /home/squares
        n=$BATCH_COMPUTE_DAG_INSTANCE_ID
        for i in $((3 * n + 1)) $((3 * n + 2)) $((3 * n + 3)); do echo $((i * i)); done > /home/squares/$n'"""
        }
    },
    "OutputMapping": {"/home/squares/": FOLDER + "squares/"},
    "InstanceCount": 3,
    **CLUSTER,
}
ADD = {
    "Parameters": {
        "Command": {
            "CommandLine": """sh -c '
        mkdir -p /home/sum
        total=0
        for i in $(cat /home/squares/*); do total=$((total + i)); done
        echo $total > /home/sum/total.txt'"""
        }
    },
    "InputMapping": {FOLDER + "squares/": "/home/squares/"},
    "OutputMapping": {"/home/sum/": FOLDER},
    "InstanceCount": 1,
    **CLUSTER,
}

with DAG(
    "example_bcs_wired_as_one_job",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    schedule=None,
    description="A graph wired in Airflow that BatchCompute runs as one job",
    doc_md=__doc__,
    tags=["example", "batchcompute"],
    catchup=False,
):
    with BatchComputeJobTaskGroup("squares", job={"Name": "squares", "Priority": 10}):
        square = BatchComputeTaskOperator(task_id="square", task=SQUARE, poll_interval=1)
        add = BatchComputeTaskOperator(task_id="add", task=ADD, poll_interval=1)
        square >> add
