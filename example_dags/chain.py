"""A chain of ten tasks."""

from airflow_provider_bcs.translator import job_to_dag

dag = job_to_dag("chain.json", dag_id="chain", operator_args={"poll_interval": 1})
