"""A DAG whose outputs are assets, and one that runs whenever one of them was written."""

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import DAG, Asset

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.translator import job_to_dag

producer = job_to_dag("assets/daily.json", dag_id="assets", assets=True, operator_args={"poll_interval": 1})

with DAG(
    "assets_report",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    # Just what stands in the job file.
    schedule=[Asset("oss://bcs-demo/assets/daily/")],
):
    BatchComputeSubmitJobOperator(task_id="report", job="assets/report.json", poll_interval=1)
