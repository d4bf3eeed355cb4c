"""One job file in two groups, with arguments for single tasks.

`regions` holds a group for each region. The first try of each `fetch` fails on purpose, and its retry succeeds.

Runs as it is against the local service (`airflow-bcs local`), with its connection `bcs_default`.
In the cloud it needs a bucket, images and instance types of your own.
"""

from datetime import datetime, timedelta, timezone

from airflow.providers.common.compat.sdk import DAG, TaskGroup

from airflow_provider_bcs.translator import BatchComputeTaskGroup

with DAG(
    "example_bcs_groups",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    schedule=None,
    description="One job file in two groups, with arguments for single tasks",
    doc_md=__doc__,
    tags=["example", "batchcompute"],
    catchup=False,
):
    with TaskGroup("regions") as regions:
        for region in ("east", "west"):
            BatchComputeTaskGroup(
                region,
                "groups/region.json",
                operator_args={"poll_interval": 1, "params": {"region": region}},
                task_args={
                    "fetch": {"retries": 1, "retry_delay": timedelta(0)},
                    "double": {"pool_slots": 2, "trigger_rule": "none_failed"},
                },
            )
    regions >> BatchComputeTaskGroup(
        "summary", "groups/compare.json", prefix_group_id=False, operator_args={"poll_interval": 1}
    )
