"""A group of tasks between a setup and a teardown.

`make` writes an object, the group `work` uses it, `remove` removes it, also when a task of the group fails.
The param `exit_code` says how the last task of the group ends.

Runs as it is against the local service (`airflow-bcs local`), with its connection `bcs_default`.
In the cloud it needs a bucket, images and instance types of your own.
"""

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.translator import BatchComputeTaskGroup

SCRATCH = "oss://bcs-demo.oss-cn-shanghai-internal.aliyuncs.com/setup_teardown/{{ run_id }}/scratch/"


def on_scratch(task_id: str, command: str) -> DlcSubmitJobOperator:
    """Run a command on a folder of the object store; PAI-DLC mounts it, so that objects can be removed there."""
    job = {
        "DisplayName": task_id,
        "JobType": "PyTorchJob",
        "JobSpecs": [{"Type": "Worker", "PodCount": 1, "Image": "ubuntu:22.04", "EcsSpec": "ecs.c6.large"}],
        "DataSources": [
            {
                "Uri": SCRATCH,
                "MountPath": "/mnt/scratch",
            }
        ],
        "UserCommand": command,
    }
    return DlcSubmitJobOperator(task_id=task_id, job=job, poll_interval=1)


with DAG(
    "example_bcs_setup_teardown",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    schedule=None,
    params={"exit_code": 0},
    description="A group of tasks between a setup and a teardown",
    doc_md=__doc__,
    tags=["example", "batchcompute", "pai-dlc"],
    catchup=False,
):
    make = on_scratch("make", "echo 42 > /mnt/scratch/number")
    work = BatchComputeTaskGroup("work", "setup_teardown/work.json", operator_args={"poll_interval": 1})
    remove = on_scratch("remove", "rm /mnt/scratch/number")
    make >> work >> remove.as_teardown(setups=make)
