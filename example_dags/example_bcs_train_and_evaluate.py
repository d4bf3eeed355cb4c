"""BatchCompute and PAI-DLC in one DAG.

BatchCompute prepares data, PAI-DLC fits a line to it, BatchCompute evaluates the fit.

Runs as it is against the local service (`airflow-bcs local`), with its connection `bcs_default`.
In the cloud it needs a bucket, images and instance types of your own.
"""

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator

with DAG(
    "example_bcs_train_and_evaluate",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    schedule=None,
    description="BatchCompute and PAI-DLC in one DAG",
    doc_md=__doc__,
    tags=["example", "batchcompute", "pai-dlc"],
    catchup=False,
):
    prepare = BatchComputeSubmitJobOperator(task_id="prepare", job="train_and_evaluate/prepare.json", poll_interval=1)
    train = DlcSubmitJobOperator(task_id="train", job="train_and_evaluate/train.yaml", poll_interval=1)
    judge = BatchComputeSubmitJobOperator(task_id="evaluate", job="train_and_evaluate/evaluate.json", poll_interval=1)
    prepare >> train >> judge
