"""A DAG of jobs that fail, end well, and run on while somebody looks at them."""

from datetime import datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_graph import BatchComputeSubmitGraphOperator
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from tests.batchcompute.jobs import job, task
from tests.dlc.jobs import job as dlc_job

ONE_FAILS = (
    "sh -c 'echo instance $BATCH_COMPUTE_DAG_INSTANCE_ID begins >&2; test $BATCH_COMPUTE_DAG_INSTANCE_ID != 23"
    " || { sleep 15; echo the last words of 23 >&2; exit 3; }'"
)

# The failure of the last one stops the job.
many = task(ONE_FAILS, InstanceCount=40)
many["Parameters"]["StderrRedirectPath"] = "oss://tab/logs/"

# The triggers of jobs that run on ask once: the test counts what the tab asks.
with DAG("tab", schedule=None, start_date=datetime(2024, 1, 1), default_args={"deferrable": True}):
    BatchComputeSubmitJobOperator(task_id="fails", job=job({"many": many, "other": task("true")}), poll_interval=1)
    BatchComputeSubmitJobOperator(task_id="runs", job=job({"endless": task("sleep 900")}), poll_interval=900)
    DlcSubmitJobOperator(task_id="train", job=dlc_job("echo epoch 1"), poll_interval=1)
    DlcSubmitJobOperator(task_id="trains", job=dlc_job("echo epoch 1; sleep 900"), poll_interval=900)
    submit = BatchComputeSubmitGraphOperator(task_id="submit", job={"Name": "mirrored", "Type": "DAG"})
    ends = BatchComputeTaskOperator(task_id="ends", submit_task_id="submit", task=task("true"), poll_interval=1)
    follows = BatchComputeTaskOperator(
        task_id="follows", submit_task_id="submit", task=task("sleep 900"), poll_interval=900
    )
    submit >> ends >> follows
