"""The primes again, as ONE BatchCompute job of three tasks, each followed by an Airflow task."""

from airflow_provider_bcs.translator import job_to_dag

dag = job_to_dag("find_primes.json", dag_id="primes_as_one_job", run_as="job", operator_args={"poll_interval": 1})
