"""A fan-out of one task to fourteen, and one task on its own."""

from airflow_provider_bcs.translator import job_to_dag

dag = job_to_dag("fan_out.json", dag_id="fan_out", operator_args={"poll_interval": 1})
