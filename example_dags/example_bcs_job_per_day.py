"""Another job file on each day.

A template chooses the job file when the task runs: one for weekdays, one for weekends.

Runs as it is against the local service (`airflow-bcs local`), with its connection `bcs_default`.
In the cloud it needs a bucket, images and instance types of your own.
"""

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator

with DAG(
    "example_bcs_job_per_day",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    schedule="@daily",
    description="Another job file on each day",
    doc_md=__doc__,
    tags=["example", "batchcompute"],
    catchup=False,
):
    BatchComputeSubmitJobOperator(
        task_id="submit",
        job="{% include 'job_per_day/' ~ ('weekday' if logical_date.weekday() < 5 else 'weekend') ~ '.json' %}",
        poll_interval=1,
    )
