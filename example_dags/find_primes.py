"""Count the primes up to 1,000,000 with a split, five parallel searches and a merge."""

from airflow_provider_bcs.translator import job_to_dag

dag = job_to_dag("find_primes.json", dag_id="find_primes", operator_args={"poll_interval": 1})
