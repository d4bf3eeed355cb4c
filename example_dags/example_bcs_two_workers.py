"""A PAI-DLC job of two pods that exchange data.

The pods talk over `MASTER_ADDR` with the standard library only. Their lines arrive in the task's log.

Runs as it is against the local service (`airflow-bcs local`), with its connection `bcs_default`.
In the cloud it needs a bucket, images and instance types of your own.
"""

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator

with DAG(
    "example_bcs_two_workers",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    schedule=None,
    description="A PAI-DLC job of two pods that exchange data",
    doc_md=__doc__,
    tags=["example", "pai-dlc"],
    catchup=False,
):
    DlcSubmitJobOperator(task_id="talk", job="two_workers.yaml", deferrable=True, poll_interval=2)
