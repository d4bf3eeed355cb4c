"""A PAI-DLC job of two pods that exchange data over MASTER_ADDR, with nothing but the standard library."""

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator

with DAG("two_workers", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None):
    DlcSubmitJobOperator(task_id="talk", job="two_workers.yaml", deferrable=True, poll_interval=2)
