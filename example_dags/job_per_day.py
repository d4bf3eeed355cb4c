"""Another job file on each day: a template chooses it when the task runs."""

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator

with DAG("job_per_day", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule="@daily", catchup=False):
    BatchComputeSubmitJobOperator(
        task_id="submit",
        job="{% include 'job_per_day/' ~ ('weekday' if logical_date.weekday() < 5 else 'weekend') ~ '.json' %}",
        poll_interval=1,
    )
