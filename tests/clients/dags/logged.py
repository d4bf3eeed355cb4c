"""Tasks whose logs a remote store keeps: of two tries, and of a job that its task waits for in the triggerer."""

from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, get_current_context
from airflow.providers.standard.operators.python import PythonOperator

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator


def speak() -> None:
    """Print a line for each try, and fail the first one."""
    attempt = get_current_context()["ti"].try_number
    print(f"This is try {attempt}: 日志 a+b & c")
    if attempt == 1:
        raise RuntimeError("The first try fails.")


TASK = {
    "Parameters": {
        "Command": {"CommandLine": "echo printed by the job"},
        "StdoutRedirectPath": "oss://airflow-jobs/",
        "StderrRedirectPath": "oss://airflow-jobs/",
    },
    "InstanceCount": 1,
    "ClusterId": "cls-logged",
}

with DAG("logged", schedule=None, start_date=datetime(2024, 1, 1)):
    PythonOperator(
        task_id="speak", python_callable=speak, retries=1, retry_delay=timedelta(seconds=1)
    ) >> BatchComputeSubmitJobOperator(
        task_id="job",
        job={"Name": "logged", "Type": "DAG", "DAG": {"Tasks": {"a": TASK}}},
        deferrable=True,
        poll_interval=1,
    )
