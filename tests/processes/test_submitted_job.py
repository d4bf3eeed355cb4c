"""Rendered fields of a converted task, on real Airflow processes: while it runs or is deferred, and afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local.service import Service
from tests.processes.airflow_processes import Airflow

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(("deferrable", "state"), [(False, "running"), (True, "deferred")])
def test_what_was_submitted_is_shown_from_then_on(airflow: Airflow, service: Service, deferrable: bool, state: str):
    dag_id = f"converted-{deferrable}"

    def submitted() -> Any:
        rows = airflow.query(
            "SELECT rendered_fields FROM rendered_task_instance_fields WHERE dag_id = :dag_id", dag_id=dag_id
        )
        fields = [json.loads(found) if isinstance(found, str) else found for (found,) in rows]
        return fields[0]["submitted_job"] if fields else None

    service.put_object(f"bcs-processes/{dag_id}/other", "")
    airflow.trigger(dag_id, "one")
    airflow.wait(lambda: airflow.states(dag_id, "one").get("t") == state, 120, f"the task of {dag_id}")
    airflow.wait(lambda: submitted() is not None, 60, f"the submitted job of {dag_id}")
    while_it_waits = submitted()
    assert while_it_waits["JobSpecs"] == [
        {"Type": "Worker", "PodCount": 1, "Image": "ubuntu:22.04", "EcsSpec": "ecs.c6.large"}
    ]
    assert while_it_waits["Envs"]["A_TOKEN"] == "***"
    service.put_object(f"bcs-processes/{dag_id}/flag", "")
    airflow.wait(lambda: airflow.run_state(dag_id, "one") in ("success", "failed"), 240, f"the run of {dag_id}")
    assert airflow.states(dag_id, "one") == {"t": "success"}
    assert submitted() == while_it_waits
