"""One job file used twice, groups in a group, and arguments for single tasks."""

from datetime import datetime, timedelta, timezone

from airflow.providers.common.compat.sdk import DAG, TaskGroup

from airflow_provider_bcs.translator import BatchComputeTaskGroup

with DAG("groups", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None):
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
