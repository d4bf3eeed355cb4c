"""A job goes on as long as its task waits for it, and no longer; on real Airflow processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.dlc import Client as DlcClient
from tests.processes.airflow_processes import AIRFLOW_3, Airflow

pytestmark = pytest.mark.processes


def jobs(client: Client, name: str) -> list[str]:
    return [item.State for item in client.list_jobs(cluster_id=f"cls-{name}")]


#: What takes a task from whoever waits for its job, in a run of that name.
ENDS: dict[str, Callable[[Airflow, str, str], None]] = {
    "marked-failed": lambda airflow, *run: airflow.mark("failed", *run),
    "marked-success": lambda airflow, *run: airflow.mark("success", *run),
    "overdue": lambda airflow, *run: airflow.set_back(*run, timedelta(hours=2)),
    "deleted": Airflow.delete_run,
}


def test_a_deferred_task_that_ends_otherwise_stops_its_job(airflow: Airflow, client: Client, dlc: DlcClient):
    def trainings(name: str) -> list[str]:
        return [item.Status for item in dlc.list_jobs(display_name=name)]

    def all_wait() -> bool:
        # Airflow tells nobody of a task that ends before a triggerer has begun with it.
        logs = [airflow.trigger_logs("deferred", end, task) for end in ENDS for task in ("job", "training")]
        return all("Running" in log for log in logs)

    for end in ENDS:
        airflow.trigger("deferred", end)
    airflow.wait(all_wait, 240, "the waits")
    for end, end_it in ENDS.items():
        states = partial(jobs, client, f"deferred-{end}"), partial(trainings, f"deferred-{end}")
        assert [state() for state in states] == [["Running"]] * 2
        begin = time.monotonic()
        end_it(airflow, "deferred", end)
        airflow.wait(lambda: [state() for state in states] == [["Stopped"]] * 2, 120, f"the ends of the jobs: {end}")  # noqa: B023
        print(f"deferred, {end}: stopped after {time.monotonic() - begin:.1f} s")


# A SequentialExecutor keeps the scheduler from looking at the run until the task has ended.
@pytest.mark.parametrize("end", [end for end in ENDS if AIRFLOW_3 or end != "overdue"])
def test_a_blocking_task_that_ends_otherwise_stops_its_job(airflow: Airflow, client: Client, end: str):
    airflow.trigger("blocking", end)
    airflow.wait(lambda: jobs(client, f"blocking-{end}") == ["Running"], 240, "the job of a blocking task")
    begin = time.monotonic()
    ENDS[end](airflow, "blocking", end)
    airflow.wait(lambda: jobs(client, f"blocking-{end}") == ["Stopped"], 120, "the end of the job")
    print(f"blocking, {end}: stopped after {time.monotonic() - begin:.1f} s")


@pytest.mark.parametrize("state", ["failed", "success"])
def test_a_mirrored_task_that_is_marked_stops_the_job_when_nobody_else_waits(
    airflow: Airflow, client: Client, state: str
):
    airflow.trigger("mirrored", state)
    airflow.wait(lambda: "Running" in airflow.trigger_logs("mirrored", state, "g.a"), 240, "the wait of g.a")
    # The newest comes first.
    assert jobs(client, "mirrored")[0] == "Running"
    marked = time.monotonic()
    airflow.mark(state, "mirrored", state, "g.a")
    airflow.wait(lambda: jobs(client, "mirrored")[0] == "Stopped", 120, "the end of the job")
    print(f"mirrored, marked {state}: stopped after {time.monotonic() - marked:.1f} s")


def test_triggerers_come_and_go_and_no_job_is_stopped(airflow: Airflow, client: Client):
    """Airflow 3.3.2 tells a trigger that it was killed when its triggerer comes back after another took it over."""

    def told() -> int:
        return airflow.trigger_logs("kept").count("goes on")

    def wait_for_looks(number: int) -> None:
        # A triggerer that begins with the three of them says how far their jobs are.
        airflow.wait(lambda: airflow.trigger_logs("kept").count("Running") >= 3 * number, 240, f"look {number}")

    airflow.trigger("kept", "one")
    wait_for_looks(1)
    airflow.stop_process("triggerer")
    airflow.start_process("triggerer", "triggerer")
    wait_for_looks(2)
    told_before = told()
    airflow.start_process("second", "triggerer")
    with airflow.paused("triggerer"):
        wait_for_looks(3)
    # The one that was away finds out now, and so it would stop the jobs.
    airflow.wait(lambda: told() == told_before + 3, 60, "the triggers to be told")
    assert [jobs(client, f"kept{number}") for number in range(3)] == [["Running"]] * 3
    airflow.stop_process("triggerer")
    airflow.processes["triggerer"] = airflow.processes.pop("second")
    # They are still waited for.
    for number in range(3):
        (found,) = client.list_jobs(cluster_id=f"cls-kept{number}")
        client.stop_job(found)
    airflow.wait(lambda: set(airflow.states("kept", "one").values()) == {"failed"}, 120, "the ends of kept")
