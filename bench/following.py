"""Overhead of tasks that follow one BatchCompute job, with and without workers; run by ``make bench-following``.

It starts real processes of Airflow 3.3 or newer. A figure is the time that a DAG run takes longer than its job.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from tests.airflow.conftest import connection_json
from tests.local.service import Service
from tests.processes.airflow_processes import Airflow

TASKS = 16
SECONDS = 20
ROUNDS = 3
DAGS = f"""
from airflow_provider_bcs.translator import SingleJob, job_to_dag

task = {{"Parameters": {{"Command": {{"CommandLine": "sleep {SECONDS}"}}}}, "InstanceCount": 1, "ClusterId": "cls-x"}}
tasks = {{f"t{{number}}": task for number in range({TASKS})}}
for name, light in (("deferred", False), ("light", True)):
    job_to_dag(
        {{"Name": name, "Type": "DAG", "DAG": {{"Tasks": tasks}}}},
        dag_id=name,
        execution=SingleJob(start_from_trigger=light),
        operator_args={{"poll_interval": 5, "retries": 1, "retry_delay": 1}},
    )
"""


def overhead(airflow: Airflow, client: Client, dag_id: str, run_id: str) -> float:
    """Run a DAG; return by how many seconds its run takes longer than its job."""
    started = time.monotonic()
    airflow.trigger(dag_id, run_id)
    airflow.wait(lambda: airflow.run_state(dag_id, run_id) in ("success", "failed"), 600, dag_id)
    taken = time.monotonic() - started
    states = airflow.states(dag_id, run_id)
    assert set(states.values()) == {"success"}, states
    created = [job for job in client.list_jobs() if job.Name == dag_id]
    return taken - max((job.EndTime - job.CreationTime).total_seconds() for job in created)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "dags").mkdir()
        (home / "dags" / "dags.py").write_text(DAGS)
        service = Service(home / "data", "--max-instances", str(TASKS))
        airflow = Airflow(home, home / "dags", connection_json(service))
        client = Client(service.url, "local", ACCESS_KEY_SECRET)
        try:
            airflow.start()
            rounds = [
                [overhead(airflow, client, dag_id, f"run{number}") for dag_id in ("light", "deferred")]
                for number in range(ROUNDS)
            ]
        finally:
            airflow.stop()
            service.end()
    light, deferred = (statistics.median(each) for each in zip(*rounds, strict=True))
    ratio = statistics.median(a / b for a, b in rounds)
    print(
        f"{TASKS} following tasks of a job of {SECONDS} s, 2 workers; seconds that a DAG run takes longer than its job"
    )
    print(f"start_from_trigger {light:.1f}  deferrable {deferred:.1f}  ratio {ratio:.2f}")
    print(json.dumps(rounds))


if __name__ == "__main__":
    main()
