"""A job for each element of a list.

`list_jobs` makes a job for each number while the DAG runs. `sum` adds up what the jobs wrote.

Runs as it is against the local service (`airflow-bcs local`), with its connection `bcs_default`.
In the cloud it needs a bucket, images and instance types of your own.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator


@task
def list_jobs(folder: str) -> list[dict[str, Any]]:
    """Make a job for each number."""
    return [
        {
            "Name": f"square-{number}",
            "Type": "DAG",
            "DAG": {
                "Tasks": {
                    "square": {
                        "Parameters": {
                            "Command": {
                                "CommandLine": 'sh -c "mkdir -p /home/out && echo $((N * N)) > /home/out/$N"',
                                "EnvVars": {"N": str(number)},
                            }
                        },
                        "OutputMapping": {"/home/out/": folder},
                        "InstanceCount": 1,
                        "AutoCluster": {"ImageId": "img-ubuntu", "InstanceType": "ecs.sn1ne.large"},
                    }
                }
            },
        }
        for number in (1, 2, 3)
    ]


with DAG(
    "example_bcs_map_jobs",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    schedule=None,
    description="A job for each element of a list",
    doc_md=__doc__,
    tags=["example", "batchcompute"],
    catchup=False,
):
    squares = BatchComputeSubmitJobOperator.partial(
        task_id="square",
        poll_interval=1,
        # The UI shows it in place of the map index.
        map_index_template="{{ task.job.Name }}",
    ).expand(job=list_jobs("oss://bcs-demo/map_jobs/{{ run_id }}/squares/"))
    squares >> BatchComputeSubmitJobOperator(task_id="sum", job="map_jobs/sum.json", poll_interval=1)
