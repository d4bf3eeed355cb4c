"""A worker that is killed loses no job and makes no second one, whenever that happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.dlc import Client as DlcClient
from tests.local.service import Service
from tests.processes.airflow_processes import ROUNDS, Airflow

pytestmark = pytest.mark.processes

SERVICES = {"job": "batchcompute", "training": "dlc"}
#: When the worker dies, and what holds it up until then.
HELD_UP: dict[str, dict[str, Any]] = {
    "before-submitting": {"kind": "throttle", "seconds": 60},
    # The service creates the job, and nobody is there any more for the answer.
    "before-the-answer": {"kind": "slow", "seconds": 10, "times": 1},
    "while-polling": {"kind": "slow", "seconds": 0},
}


@pytest.mark.parametrize("moment", HELD_UP)
@pytest.mark.parametrize("turn", range(ROUNDS))
def test_one_job_whenever_the_worker_is_killed(
    airflow: Airflow,
    service: Service,
    client: Client,
    dlc: DlcClient,
    faults: Callable[..., None],
    moment: str,
    turn: int,
):
    run_id = f"{moment}-{turn}"

    def served(task: str, operation: str) -> int:
        counts = requests.get(f"{service.url}/_local/requests", timeout=10).json()
        return int(counts.get(f"{SERVICES[task]}.{operation}", 0))

    operation = "GetJob" if moment == "while-polling" else "CreateJob"
    before = {task: served(task, operation) for task in SERVICES}
    faults(*({"operation": f"{name}.CreateJob", **HELD_UP[moment]} for name in SERVICES.values()))
    airflow.trigger("killed-workers", run_id)
    for task in SERVICES:
        airflow.wait(lambda task=task: served(task, operation) > before[task], 120, f"{operation} of {task}")
        airflow.kill_worker("killed-workers", run_id, task)
    if moment == "before-submitting":
        faults()
    airflow.wait(lambda: airflow.run_state("killed-workers", run_id) in ("success", "failed"), 240, f"the run {run_id}")
    assert airflow.states("killed-workers", run_id) == {"job": "success", "training": "success"}
    tries = dict(
        airflow.query(
            "SELECT task_id, try_number FROM task_instance WHERE dag_id = 'killed-workers' AND run_id = :run_id",
            run_id=run_id,
        )
    )
    assert min(tries.values()) > 1, tries
    assert [item.State for item in client.list_jobs(cluster_id=f"cls-killed-{run_id}")] == ["Finished"]
    assert [item.Status for item in dlc.list_jobs(display_name=f"killed-{run_id}")] == ["Succeeded"]
