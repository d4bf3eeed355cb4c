"""Outputs of a job file as assets, and a DAG that runs when one of them was written.

`example_bcs_assets` writes two assets. `example_bcs_assets_report` is scheduled on one of them: unpause both and
trigger the first.

Runs as it is against the local service (`airflow-bcs local`), with its connection `bcs_default`.
In the cloud it needs a bucket, images and instance types of your own.
"""

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import DAG, Asset

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.translator import job_to_dag

producer = job_to_dag(
    "assets/daily.json",
    dag_id="example_bcs_assets",
    assets=True,
    description="Outputs of a job file as assets",
    doc_md=__doc__,
    tags=["example", "batchcompute"],
    catchup=False,
    operator_args={"poll_interval": 1},
)

with DAG(
    "example_bcs_assets_report",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    # Just what stands in the job file.
    schedule=[Asset("oss://bcs-demo/assets/daily/")],
    description="A DAG that runs when an asset was written",
    doc_md=__doc__,
    tags=["example", "batchcompute"],
    catchup=False,
):
    BatchComputeSubmitJobOperator(task_id="report", job="assets/report.json", poll_interval=1)
