"""Count the primes as find_primes does, but each task runs as a PAI-DLC job: the job file is the same."""

from airflow_provider_bcs.translator import job_to_dag

dag = job_to_dag(
    "find_primes.json",
    dag_id="primes_on_dlc",
    run_as="dlc",
    images={"img-ubuntu": "python:3.11-slim"},
    instance_types={"ecs.sn1ne.large": "ecs.g6.large"},
    operator_args={"poll_interval": 1},
)
