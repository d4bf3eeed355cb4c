"""A graph that runs as one BatchCompute job, each of its tasks followed by an Airflow task."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.translator import job_to_dag
from tests.airflow.running import run_dag, serialized, states, task_log
from tests.batchcompute.jobs import job, task

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
FAST = {"poll_interval": 0.3}
DIAMOND = job({n: task(f"echo {n}") for n in "abcd"}, {"a": ["b", "c"], "b": ["d"], "c": ["d"]}, Name="one-diamond")


def edges(dag: Any) -> set[tuple[str, str]]:
    return {(item.task_id, below) for item in dag.tasks for below in item.downstream_task_ids}


def test_the_graph():
    dag = job_to_dag(DIAMOND, run_as="job")
    inner = {("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")}
    assert edges(dag) == inner | {("submit", "a")} | {(name, "stop") for name in "abcd"}
    assert dag.get_task("stop").is_teardown
    dag.resolve_template_files()
    assert dag.get_task("submit").job == DIAMOND
    assert serialized(dag)


@pytest.mark.parametrize("deferrable", [True, False])
def test_one_job_for_the_whole_graph(airflow_db, connection, client: Client, caplog, deferrable):
    name = f"whole-{deferrable}"
    dag = job_to_dag({**DIAMOND, "Name": name}, run_as="job", operator_args={**FAST, "deferrable": deferrable})
    run = run_dag(dag)
    assert set(states(run).values()) == {"success"}, task_log(caplog)
    (created,) = [item for item in client.list_jobs() if item.Name == name]
    assert created.State == "Finished"
    assert created.TaskMetrics.FinishedCount == 4
