"""A diamond of four tasks."""

from airflow_provider_bcs.translator import job_to_dag

dag = job_to_dag("diamond.json", dag_id="diamond", operator_args={"poll_interval": 1})
