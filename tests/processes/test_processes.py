"""The whole path on real Airflow processes."""

from __future__ import annotations

import re
import time

import pytest

from tests.local.service import Service
from tests.processes.airflow_processes import Airflow
from tests.processes.dags.indiscreet import SECRETS

pytestmark = pytest.mark.processes


def test_find_primes_deferred(airflow: Airflow, service: Service):
    airflow.trigger("primes", "one")
    airflow.wait(lambda: airflow.run_state("primes", "one") in ("success", "failed"), 240, "the run of primes")
    assert airflow.states("primes", "one") == {"split": "success", "find": "success", "merge": "success"}
    result = service.data_dir / "oss" / "bcs-demo" / "find_primes" / "one" / "result"
    assert (result / "count.txt").read_text() == "78498\n"
    assert "Finished; instances: 5 of 5 finished" in airflow.trigger_logs()
    # The level of each line is in the log that Airflow stores.
    log = airflow.task_logs("primes", "find")
    assert re.search(r"Job job-\w+ \(\S+\) is Finished; it waited \d+ s and ran \d+ s\.", log)
    assert re.search(r"Output: oss://bcs-demo/find_primes/one/\S+", log)


def test_the_first_example_of_job_files_makes_one_run(airflow: Airflow):
    def runs() -> list[str]:
        return [state for (state,) in airflow.query("SELECT state FROM dag_run WHERE dag_id = 'nightly'")]

    airflow.wait(lambda: runs() == ["success"], 240, "the run of nightly")
    # The scheduler makes the runs that are due again and again, each second at least.
    looks = time.monotonic() + 10
    airflow.wait(lambda: time.monotonic() > looks, 20, "more looks of the scheduler")
    assert runs() == ["success"]


def test_a_task_marked_failed_stops_its_job_and_a_clear_starts_another(airflow: Airflow, client):
    airflow.trigger("killed", "one")
    airflow.wait(lambda: airflow.states("killed", "one").get("blocking") == "running", 120, "the task of killed")
    airflow.wait(lambda: bool(list(client.list_jobs(cluster_id="cls-killed"))), 120, "the job of killed")
    airflow.mark_failed("killed", "one")
    airflow.wait(
        lambda: [item.State for item in client.list_jobs(cluster_id="cls-killed")] == ["Stopped"], 120, "its end"
    )
    # A clear starts over, with a job of its own.
    airflow.cli("tasks", "clear", "killed", "--yes")
    airflow.wait(lambda: len(list(client.list_jobs(cluster_id="cls-killed"))) == 2, 120, "the job after the clear")
    airflow.mark_failed("killed", "one")
    airflow.wait(
        lambda: [item.State for item in client.list_jobs(cluster_id="cls-killed")] == ["Stopped"] * 2, 120, "its end"
    )


def test_a_deferred_task_that_times_out_stops_its_job(airflow: Airflow, client):
    airflow.trigger("late", "one")
    airflow.wait(lambda: airflow.states("late", "one").get("deferred") == "deferred", 120, "the deferral")
    airflow.wait(lambda: airflow.run_state("late", "one") == "failed", 120, "the time-out")
    assert [item.State for item in client.list_jobs(cluster_id="cls-late")] == ["Stopped"]


@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.parametrize("way", ["jobs", "job"])
def test_what_a_program_tells_of_secrets_is_masked(airflow: Airflow, service: Service, way: str, deferrable: bool):
    """In the log and in the error."""
    secrets = {**SECRETS, "connection": service.ready["access_key_secret"]}
    told = [f"{name} is {line} !" for name, text in secrets.items() for line in text.splitlines()]
    service.put_object("bcs-processes/indiscreet/told", "".join(f"{line}\n" for line in told))
    dag_id = f"indiscreet-{way}-{deferrable}"
    airflow.trigger(dag_id, "one")
    airflow.wait(lambda: airflow.run_state(dag_id, "one") in ("success", "failed"), 240, f"the run of {dag_id}")
    assert airflow.states(dag_id, "one")["t"] == "failed"
    log = airflow.task_logs(dag_id, "t")
    # On standard output, on standard error, and in the error.
    assert {name: log.count(f"{name} is *** !") >= 3 for name in secrets} == dict.fromkeys(secrets, True), log
    # The worker prints a copy of the log.
    printed = "".join(file.read_text(errors="replace") for file in airflow.home.glob("*.log"))
    assert [line for line in told if line in log + printed] == []


def test_the_log_of_a_deferred_task_is_whole(airflow: Airflow):
    """10,000 lines, 1,000 a second."""
    airflow.trigger("logged", "one")
    airflow.wait(lambda: airflow.run_state("logged", "one") in ("success", "failed"), 180, "the run of logged")
    assert airflow.states("logged", "one") == {"train": "success"}
    log = airflow.trigger_logs("logged")
    assert [int(match[1]) for match in re.finditer(r"talker says (\d{5})", log)] == list(range(10_000))
    assert "talker knows ***" in log
    assert "not-to-be-seen" not in log
