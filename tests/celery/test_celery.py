"""Graphs on CeleryExecutor with two workers: they run, also when a worker is lost, and submit one job a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.dlc import Client as DlcClient
from tests.celery.conftest import WORKERS, log_of, start_worker
from tests.local.service import Service
from tests.processes.airflow_processes import Airflow

pytestmark = pytest.mark.celery

#: Which service the DAGs in dags/primes.py submit to.
SERVICES = {"blocking": "batchcompute", "deferred": "batchcompute", "dlc": "dlc"}
TASKS = ("split", "find", "merge")


@pytest.fixture
def new_jobs(client: Client, dlc: DlcClient) -> Callable[[], dict[str, list[str]]]:
    """Service -> the states of the jobs that the test has made there."""

    def jobs() -> dict[str, dict[str, str]]:
        return {
            "batchcompute": {item.Id: item.State for item in client.list_jobs()},
            "dlc": {item.JobId: item.Status for item in dlc.list_jobs()},
        }

    before = jobs()
    return lambda: {
        name: [state for key, state in found.items() if key not in before[name]] for name, found in jobs().items()
    }


def wait_for_end(airflow: Airflow, service: Service, dag_id: str, run_id: str) -> None:
    airflow.wait(lambda: airflow.run_state(dag_id, run_id) in ("success", "failed"), 300, f"the run of {dag_id}")
    assert airflow.states(dag_id, run_id) == dict.fromkeys(TASKS, "success")
    assert service.object(f"bcs-demo/find_primes/{run_id}/result/count.txt") == "78498\n"


def deliveries(airflow: Airflow, wanted: str) -> list[str]:
    """Return the lines of the workers' logs that say what they began with."""
    lines = [line for name in WORKERS for line in log_of(airflow, name).splitlines()]
    return [line for line in lines if "Executing workload" in line and wanted in line]


def test_graphs_run_side_by_side(
    airflow: Airflow, service: Service, new_jobs: Callable[[], dict[str, list[str]]]
) -> None:
    for dag_id in SERVICES:
        airflow.trigger(dag_id, f"{dag_id}-beside")
    for dag_id in SERVICES:
        wait_for_end(airflow, service, dag_id, f"{dag_id}-beside")
    assert new_jobs() == {"batchcompute": ["Finished"] * 6, "dlc": ["Succeeded"] * 3}
    assert all("Executing workload" in log_of(airflow, name) for name in WORKERS)


@pytest.mark.parametrize(
    ("dag_id", "moment"),
    [
        ("blocking", "before-the-answer"),
        ("blocking", "while-waiting"),
        ("deferred", "before-the-answer"),
        ("dlc", "while-waiting"),
    ],
)
def test_a_worker_that_is_lost_in_the_middle_changes_nothing(
    airflow: Airflow,
    service: Service,
    broker: Any,
    session_name: str,
    faults: Callable[..., None],
    new_jobs: Callable[[], dict[str, list[str]]],
    dag_id: str,
    moment: str,
) -> None:
    target, run_id = SERVICES[dag_id], f"{dag_id}-{moment}"

    def asked() -> int:
        counts = requests.get(f"{service.url}/_local/requests", timeout=10).json()
        return int(counts.get(f"{target}.CreateJob", 0))

    airflow.trigger(dag_id, run_id)
    airflow.wait(lambda: len(new_jobs()[target]) == 1, 240, "the job of split")
    before = asked()
    if moment == "before-the-answer":
        # The service creates the job, and nobody is there any more for the answer.
        faults({"operation": f"{target}.CreateJob", "kind": "slow", "seconds": 10, "times": 1})
        airflow.wait(lambda: asked() > before, 120, "the request for the job of find")
    else:
        # The worker looks every five seconds.
        airflow.wait(lambda: len(new_jobs()[target]) == 2, 120, "the job of find")
    lost = airflow.kill_process_of(dag_id, run_id, "find")
    wait_for_end(airflow, service, dag_id, run_id)
    ((tries,),) = airflow.query(
        "SELECT try_number FROM task_instance WHERE dag_id = :dag_id AND run_id = :run_id AND task_id = 'find'",
        dag_id=dag_id,
        run_id=run_id,
    )
    assert tries > 1
    # Redis gives the message that was never acknowledged to a worker again, and that does nothing with it.
    start_worker(airflow, lost)
    airflow.wait(lambda: len(deliveries(airflow, f"{run_id}/task_id=find/attempt=1.")) == 2, 240, "the message again")
    airflow.wait(lambda: broker.hlen(f"{session_name}unacked") == 0, 60, "the end of all that workers were given")
    good = "Finished" if target == "batchcompute" else "Succeeded"
    assert new_jobs() == {"batchcompute": [], "dlc": [], target: [good] * len(TASKS)}
