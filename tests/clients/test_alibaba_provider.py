"""The Alibaba provider of Airflow on the local object store: its hook, and the remote logs of a real Airflow."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.airflow.conftest import connection_json
from tests.clients.environments import run_python
from tests.clients.page import blocks
from tests.local.service import Service
from tests.processes.airflow_processes import Airflow

pytestmark = pytest.mark.clients

RUN_ID = "manual__2026-11-30T10:00:00+00:00"
#: Lines in the log of a task and attempt, the last one of them near its end.
LOGS = {
    ("speak", 1): ["This is try 1: 日志 a+b & c", "The first try fails."],
    ("speak", 2): ["This is try 2: 日志 a+b & c"],
    ("job", 1): ["(logged) is submitted", "Pausing task as DEFERRED", "Pushing xcom"],
}


def test_the_hook(service: Service, tmp_path: Path) -> None:
    made = run_python("", "alibaba_hook", service, tmp_path)
    assert made["oss.AppendObject"]
    assert made["oss.UploadPart"] >= 3


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, service: Service) -> Iterator[Airflow]:
    """Airflow that keeps the logs of tasks in the object store."""
    (service.data_dir / "oss" / "airflow-logs").mkdir()
    [exports] = blocks("Logs of Airflow's tasks")
    settings = dict(re.findall(r"^export (\w+)='?(.*?)'?$", exports, re.MULTILINE))
    settings = {name: value.replace("http://127.0.0.1:8643", service.ready["oss"]) for name, value in settings.items()}
    running = Airflow(
        tmp_path_factory.mktemp("airflow"),
        Path(__file__).parent / "dags",
        connection_json(service),
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS="True",
        **settings,
    )
    try:
        running.start()
        yield running
    finally:
        running.stop()


def test_remote_logs_are_written_and_read_back(airflow: Airflow, service: Service) -> None:
    airflow.trigger("logged", RUN_ID)
    airflow.wait(lambda: airflow.run_state("logged", RUN_ID) in ("success", "failed"), 240, "the run of logged")
    assert airflow.states("logged", RUN_ID) == {"speak": "success", "job": "success"}
    folder = service.data_dir / "oss" / "airflow-logs" / "tasks" / "dag_id=logged" / f"run_id={RUN_ID}"
    for (task_id, attempt), lines in LOGS.items():
        file = folder / f"task_id={task_id}" / f"attempt={attempt}.log"
        # A worker uploads the log seconds after its task has ended, and a deferred task has two workers.
        airflow.wait(lambda file=file, last=lines[-1]: file.exists() and last in file.read_text(), 60, f"{file}")
    # The triggerer uploads its log too. The provider shows none of it.
    airflow.wait(lambda: any(folder.glob("task_id=job/attempt=1.log.trigger.*")), 60, "the log of the triggerer")
    # Airflow shows a log of its own disk where it has one.
    shutil.rmtree(airflow.home / "logs" / "dag_id=logged")
    for (task_id, attempt), lines in LOGS.items():
        shown = read_log(airflow, task_id, attempt)
        assert [line for line in lines if line not in shown] == [], shown


def read_log(airflow: Airflow, task_id: str, attempt: int) -> str:
    """Return a log as the API server gives it to the page of the task."""
    url = airflow.environment["AIRFLOW__API__BASE_URL"]
    token = requests.get(f"{url}/auth/token", timeout=60).json()["access_token"]
    response = requests.get(
        f"{url}/api/v2/dags/logged/dagRuns/{RUN_ID}/taskInstances/{task_id}/logs/{attempt}",
        params={"full_content": "true"},
        headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
        timeout=60,
    )
    assert response.status_code == 200, response.text
    content: Any = response.json()["content"]
    return "\n".join(str(each) if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in content)
