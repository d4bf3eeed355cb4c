"""A task that is marked while no triggerer knows it leaves no job; on real Airflow processes.

``MARKS`` is the number of tasks. ``LISTENER=0`` measures Airflow without the plugin, and ``TRIGGERER=1`` with a
triggerer.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from airflow_provider_bcs.batchcompute import Client
from tests.airflow.conftest import connection_json
from tests.local.service import Service
from tests.processes.airflow_processes import AIRFLOW_3, Airflow

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not AIRFLOW_3, reason="The plugin has no effect before Airflow 3.3"),
]

MARKS = int(os.environ.get("MARKS", "6"))
#: A plugins folder needs no installation, unlike an entry point.
PLUGIN = "from airflow_provider_bcs.triggers.marking import MarkedTasksPlugin\n"
#: It also switches off the plugin of an entry point.
WITHOUT = "MarkedTasksPlugin.fastapi_apps = []\n"


@pytest.fixture
def unwatched(tmp_path: Path, service: Service, airflow_settings: dict[str, str]) -> Iterator[Airflow]:
    """An Airflow without a triggerer."""
    (tmp_path / "plugins").mkdir()
    without = os.environ.get("LISTENER") == "0"
    (tmp_path / "plugins" / "marked_tasks.py").write_text(PLUGIN + WITHOUT * without)
    running = Airflow(
        tmp_path,
        Path(__file__).parent / "dags",
        connection_json(service),
        **airflow_settings,
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS="True",
        MARKS=str(MARKS),
    )
    try:
        running.cli("db", "migrate")
        names = ["scheduler", "api-server", "dag-processor"] + ["triggerer"] * (os.environ.get("TRIGGERER") == "1")
        for name in names:
            running.start_process(name, name)
        yield running
    finally:
        running.stop()


def is_up(url: str) -> bool:
    try:
        return requests.get(f"{url}/api/v2/version", timeout=10).ok
    except requests.ConnectionError:
        return False


def test_a_task_that_is_marked_before_a_triggerer_knows_it_stops_its_job(unwatched: Airflow, client: Client) -> None:
    unwatched.trigger("marked", "one")
    url = unwatched.environment["AIRFLOW__API__BASE_URL"]
    unwatched.wait(lambda: is_up(url), 120, "the API server")
    token = requests.get(f"{url}/auth/token", timeout=60).json()["access_token"]
    due: dict[str, float] = {}
    marked: set[str] = set()

    def mark_what_is_due() -> bool:
        for task, state in unwatched.states("marked", "one").items():
            if state == "deferred":
                due.setdefault(task, time.monotonic() + random.uniform(0, 3))
        for task in [task for task, at in due.items() if at <= time.monotonic() and task not in marked]:
            answer = requests.patch(
                f"{url}/api/v2/dags/marked/dagRuns/one/taskInstances/{task}",
                json={"new_state": random.choice(["failed", "success"])},
                headers={"Authorization": f"Bearer {token}"},
                timeout=60,
            )
            assert answer.status_code == 200, answer.text
            marked.add(task)
        return len(marked) == MARKS

    unwatched.wait(mark_what_is_due, 240 + 5 * MARKS, "the marks")
    time.sleep(30)
    submitted = list(client.list_jobs(cluster_id="cls-marked"))
    assert len(submitted) == MARKS
    left = [job.Id for job in submitted if not job.is_terminal]
    print(f"{MARKS} tasks marked within 3 s of their deferral: {len(left)} jobs run on after 30 s")
    for job_id in left:
        client.stop_job(job_id)
    assert left == [], unwatched.logs()
