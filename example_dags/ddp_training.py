"""Train with PyTorch on two pods of a PAI-DLC job; the loss arrives in the task's log while it falls."""

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator

with DAG("ddp_training", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None):
    DlcSubmitJobOperator(task_id="train", job="ddp_training.yaml", deferrable=True, poll_interval=2)
