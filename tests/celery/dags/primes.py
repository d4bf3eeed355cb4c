"""The graph of the example example_bcs_find_primes, blocking and deferrable, and that of example_bcs_primes_on_dlc.

They are the examples but for what a lost worker needs: a task that fails with its worker is tried again.
"""

from datetime import timedelta
from pathlib import Path

from airflow_provider_bcs.translator import PaiDlc, job_to_dag

PRIMES = str(Path(__file__).parents[3] / "example_dags" / "find_primes.json")
RETRIED = {"poll_interval": 5, "retries": 2, "retry_delay": timedelta(seconds=1)}

job_to_dag(PRIMES, dag_id="blocking", operator_args={**RETRIED, "deferrable": False})
job_to_dag(PRIMES, dag_id="deferred", operator_args={**RETRIED, "deferrable": True})
job_to_dag(
    PRIMES,
    dag_id="dlc",
    execution=PaiDlc(images={"img-ubuntu": "python:3.11-slim"}, instance_types={"ecs.sn1ne.large": "ecs.g6.large"}),
    operator_args={**RETRIED, "deferrable": False},
)
