"""A graph that runs as one BatchCompute job, on real Airflow processes."""

from __future__ import annotations

import json
import re
import time

import pytest
import requests

from airflow_provider_bcs.batchcompute import Client, Job
from tests.local.service import Service
from tests.processes.airflow_processes import Airflow

pytestmark = pytest.mark.processes

#: Of the DAGs in dags/one_job.py, in seconds.
INTERVAL = 5


def job_called(client: Client, name: str) -> Job:
    (found,) = [item for item in client.list_jobs() if item.Name == name]
    return found


def set_flag(service: Service, folder: str) -> None:
    path = service.data_dir / "oss" / "bcs-processes" / folder
    path.mkdir(parents=True)
    (path / "flag").touch()


def test_many_tasks_are_followed_at_the_price_of_one(airflow: Airflow, service: Service, client: Client):
    def served() -> list[int]:
        counts = requests.get(f"{service.url}/_local/requests", timeout=10).json()
        return [counts.get(f"batchcompute.{name}", 0) for name in ("ListTasks", "GetJob")]

    airflow.trigger("many", "one")
    airflow.wait(lambda: airflow.states("many", "one").get("g.submit") == "success", 120, "the job of many")
    before, started = served(), time.monotonic()
    airflow.wait(lambda: airflow.run_state("many", "one") in ("success", "failed"), 400, "the run of many")
    intervals = (time.monotonic() - started) / INTERVAL
    ((tries,),) = airflow.query("SELECT SUM(try_number - 1) FROM task_instance WHERE dag_id = 'many'")
    states = airflow.states("many", "one")
    assert set(states.values()) == {"success"}, states
    lists, gets = (later - earlier for earlier, later in zip(before, served(), strict=True))
    # Where there is one slow worker, most have finished before somebody has to ask twice.
    # A further try looks itself before it waits.
    assert 1 <= lists <= intervals + 1 + tries
    # The last task looks once more whether there is something to stop.
    assert gets <= lists + 1
    # What hangs on the first task did not wait for the others.
    ((begin,),) = airflow.query(
        "SELECT start_date FROM task_instance WHERE dag_id = 'many' AND task_id = 'behind_first'"
    )
    last = client.get_task(job_called(client, "many"), "last").StartTime
    assert last is not None
    assert begin[:19] <= last.strftime("%Y-%m-%d %H:%M:%S")


def test_a_clear_of_what_failed_continues_the_job(airflow: Airflow, service: Service, client: Client):
    airflow.trigger("repaired", "one")
    airflow.wait(lambda: airflow.run_state("repaired", "one") in ("success", "failed"), 240, "the failure of repaired")
    failed = {"submit": "success", "a": "success", "b": "failed", "c": "upstream_failed", "stop": "success"}
    assert airflow.states("repaired", "one") == failed
    job = job_called(client, "repaired")
    assert job.State == "Failed"
    before = client.get_instance(job, "a", 0).StartTime
    set_flag(service, "repaired")
    airflow.cli("tasks", "clear", "repaired", "--only-failed", "--yes")
    airflow.wait(lambda: airflow.run_state("repaired", "one") == "success", 240, "the end of repaired")
    assert set(airflow.states("repaired", "one").values()) == {"success"}
    # The same job, and what had finished was not run again.
    assert job_called(client, "repaired").State == "Finished"
    assert client.get_instance(job, "a", 0).StartTime == before


def test_a_run_that_is_marked_failed_stops_the_job(airflow: Airflow, client: Client):
    airflow.trigger("given-up", "one")
    airflow.wait(lambda: airflow.states("given-up", "one").get("b") == "deferred", 240, "the deferral of given-up")
    airflow.fail_run("given-up", "one")
    started = time.monotonic()
    airflow.wait(lambda: job_called(client, "given-up").State == "Stopped", 120, "the job's end")
    print(f"stopped after {time.monotonic() - started:.1f} s")
    # What the run itself is then called is up to Airflow: it goes by the last tasks, and these are skipped.
    airflow.wait(lambda: airflow.run_state("given-up", "one") in ("success", "failed"), 60, "the run's end")
    states = {"submit": "success", "a": "success", "b": "failed", "c": "skipped", "stop": "success"}
    assert airflow.states("given-up", "one") == states


def test_followers_without_a_worker(airflow: Airflow, service: Service, client: Client):
    """They begin and end in the triggerer; a clear continues the job from there, too."""
    from airflow_provider_bcs.airflow_versions import CAN_START_FROM_TRIGGER

    if not CAN_START_FROM_TRIGGER:
        assert airflow.query("SELECT 1 FROM serialized_dag WHERE dag_id = 'light'") == []
        return
    airflow.trigger("light", "one")
    airflow.wait(lambda: airflow.run_state("light", "one") in ("success", "failed"), 240, "the failure of light")
    failed = {"submit": "success", "a": "success", "b": "failed", "c": "upstream_failed", "stop": "success"}
    assert airflow.states("light", "one") == failed
    assert "exit code 1" in airflow.trigger_logs("light")
    # No worker ever had it.
    assert airflow.query("SELECT pid FROM task_instance WHERE dag_id = 'light' AND task_id = 'b'") == [(None,)]
    # No worker pushed the link.
    ((value,),) = airflow.query(
        "SELECT value FROM xcom WHERE dag_id = 'light' AND task_id = 'b' AND key = 'batchcompute_job_url'"
    )
    url = json.loads(value)
    assert url.endswith("#part-b")
    assert job_called(client, "light").Id in requests.get(url, timeout=10).text
    set_flag(service, "light")
    airflow.cli("tasks", "clear", "light", "--only-failed", "--yes")
    airflow.wait(lambda: airflow.run_state("light", "one") == "success", 240, "the end of light")
    assert job_called(client, "light").State == "Finished"
    assert re.search(r"Task c of job job-\w+ is Finished; it ran \d+ s\.", airflow.trigger_logs("light"))
