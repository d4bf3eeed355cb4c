"""A clear starts over, on real Airflow processes: what was submitted before does not go on beside the new job."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_3_PLUS as CAN_KEEP

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.dlc import Client as DlcClient
from tests.processes.airflow_processes import Airflow

pytestmark = pytest.mark.processes


def wait_for_states(airflow: Airflow, states: Callable[[], list[str]], expected: list[str], what: str) -> None:
    airflow.wait(lambda: states() == expected, 120, f"{what} to be {expected}")


def test_a_clear_of_deferred_tasks_and_of_one_that_had_succeeded(airflow: Airflow, client: Client, dlc: DlcClient):
    def jobs(cluster: str) -> list[str]:
        return [item.State for item in client.list_jobs(cluster_id=cluster, reverse=True)]

    def trainings() -> list[str]:
        return [item.Status for item in dlc.list_jobs(display_name="endless", order="asc")]

    airflow.trigger("cleared", "one")
    before = {"job": "deferred", "training": "deferred", "done": "success"}
    airflow.wait(lambda: airflow.states("cleared", "one") == before, 240, "the deferrals of cleared")
    assert (jobs("cls-cleared"), trainings(), jobs("cls-done")) == (["Running"], ["Running"], ["Finished"])
    airflow.cli("tasks", "clear", "cleared", "--yes")
    wait_for_states(airflow, lambda: jobs("cls-done"), ["Finished", "Finished"], "the jobs that end")
    wait_for_states(airflow, trainings, ["Stopped", "Running"], "the trainings")
    wait_for_states(airflow, lambda: jobs("cls-cleared"), ["Stopped", "Running"], "the jobs")
    # Nothing more comes of it.
    airflow.wait(lambda: airflow.states("cleared", "one") == before, 240, "the deferrals after the clear")
    assert (len(jobs("cls-cleared")), len(trainings()), len(jobs("cls-done"))) == (2, 2, 2)
    assert (jobs("cls-cleared"), trainings()) == (["Stopped", "Running"],) * 2
    # Airflow tells nobody of a mark before a triggerer has begun with the task again.
    waits = [partial(airflow.trigger_logs, "cleared", "one", task, attempt=2) for task in ("job", "training")]
    airflow.wait(lambda: all("Running" in log() for log in waits), 60, "the waits")
    airflow.mark_failed("cleared", "one")
    wait_for_states(airflow, lambda: jobs("cls-cleared") + trainings(), ["Stopped"] * 4, "all jobs")


def test_a_clear_of_a_task_that_a_worker_runs(airflow: Airflow, client: Client):
    def jobs() -> list[str]:
        return [item.State for item in client.list_jobs(cluster_id="cls-running", reverse=True)]

    airflow.trigger("cleared-running", "one")
    airflow.wait(lambda: jobs() == ["Running"], 240, "the job")
    airflow.wait(lambda: airflow.states("cleared-running", "one") == {"job": "running"}, 60, "the task")
    airflow.cli("tasks", "clear", "cleared-running", "--yes")
    airflow.wait(lambda: "is stopped." in airflow.task_logs("cleared-running", "job"), 120, "the end of the first try")
    # Airflow 2.11 counts it as a retry, which starts the job again.
    wait_for_states(airflow, jobs, ["Stopped", "Running"] if CAN_KEEP else ["Running"], "the jobs")
    airflow.wait(lambda: airflow.states("cleared-running", "one") == {"job": "running"}, 60, "the next try")
    airflow.mark_failed("cleared-running", "one")
    wait_for_states(airflow, lambda: jobs()[-1:], ["Stopped"], "the last job")


def test_a_clear_of_what_submits_a_graph_stops_the_job_of_before(airflow: Airflow, client: Client):
    def jobs() -> list[str]:
        return [item.State for item in client.list_jobs(reverse=True) if item.Name == "cleared-graph"]

    airflow.trigger("cleared-graph", "one")
    airflow.wait(lambda: airflow.states("cleared-graph", "one").get("a") == "deferred", 240, "the deferral of a")
    airflow.cli("tasks", "clear", "cleared-graph", "--yes")
    wait_for_states(airflow, jobs, ["Stopped" if CAN_KEEP else "Running", "Running"], "the jobs of the graph")
    airflow.fail_run("cleared-graph", "one")
    wait_for_states(airflow, lambda: jobs()[-1:], ["Stopped"], "the last job of the graph")
    if not CAN_KEEP:
        # Nothing is kept there of the job of before.
        client.stop_job(next(client.list_jobs("Running")))
