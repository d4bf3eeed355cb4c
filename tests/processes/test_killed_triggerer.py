"""A triggerer that is killed loses nothing it waited for."""

from __future__ import annotations

import signal
from collections import Counter

import pytest
import requests

from airflow_provider_bcs.batchcompute import Client
from tests.local.service import Service
from tests.processes.airflow_processes import KILLS, ROUNDS, WAITS, Airflow

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_one_job_each_when_the_triggerer_is_killed(airflow: Airflow, service: Service, client: Client, turn: int):
    run_id = f"turn-{turn}"

    def states() -> Counter[str]:
        found = airflow.query(
            "SELECT state FROM task_instance WHERE dag_id = 'killed-triggerer' AND run_id = :run_id", run_id=run_id
        )
        return Counter(state for (state,) in found)

    def jobs() -> list[str]:
        return [item.State for item in client.list_jobs(cluster_id=f"cls-held-{run_id}")]

    def triggerers() -> set[int | None]:
        return {found for (found,) in airflow.query("SELECT triggerer_id FROM trigger")}

    def polls() -> int:
        counts = requests.get(f"{service.url}/_local/requests", timeout=10).json()
        return sum(counts.get(f"batchcompute.{operation}", 0) for operation in ("GetJob", "ListJobs"))

    def wait_for_polls() -> None:
        before = polls()
        airflow.wait(lambda: polls() > before, 60, "polls")

    flag = service.data_dir / "oss" / "bcs-processes" / f"held-{run_id}" / "flag"
    flag.parent.mkdir(parents=True)
    airflow.trigger("killed-triggerer", run_id)
    airflow.wait(lambda: states() == {"deferred": WAITS} and None not in triggerers(), 60 + 10 * WAITS, "the deferrals")
    for left in reversed(range(KILLS)):
        killed = triggerers()
        airflow.stop_process("triggerer", signal.SIGKILL)
        if not left:
            # Some jobs end while nobody waits for them.
            flag.touch()
        airflow.start_process("triggerer", "triggerer")
        if left:
            airflow.wait(
                lambda killed=killed: triggerers().isdisjoint({None, *killed}), 120, "another triggerer to take over"
            )
            wait_for_polls()
            assert states() == {"deferred": WAITS}
            found = jobs()
            assert len(found) == WAITS
            assert set(found) <= {"Waiting", "Running"}
    airflow.wait(
        lambda: airflow.run_state("killed-triggerer", run_id) in ("success", "failed"), 60 + 10 * WAITS, run_id
    )
    assert states() == {"success": WAITS}
    assert jobs() == ["Finished"] * WAITS
