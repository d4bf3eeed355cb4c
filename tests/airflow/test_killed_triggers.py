"""Triggers that Airflow ends before their time, ended in a task: there Airflow answers as it does in a triggerer."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, BaseOperator

from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger
from tests.airflow.running import Nothing, output, run_dag, states
from tests.batchcompute.jobs import job, task

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")


class Kill(BaseOperator):
    """Ends a trigger of ``waiting``, a task instance, as Airflow 3.3 does: again and again."""

    def __init__(self, *, job_id: str, waiting: dict[str, Any], trigger_id: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job_id, self.waiting, self.waited_by = job_id, waiting, trigger_id

    def execute(self, context: Any) -> None:
        trigger = BatchComputeTrigger(self.job_id, cancel_on_kill=True)
        trigger.task_instance, trigger.trigger_id = SimpleNamespace(**self.waiting), self.waited_by
        asyncio.run(self.end(trigger))

    async def end(self, trigger: BatchComputeTrigger) -> None:
        ending = asyncio.ensure_future(trigger.on_kill())
        deadline = time.monotonic() + 60
        while not ending.done():
            assert time.monotonic() < deadline, "the trigger's end was cancelled in vain"
            await asyncio.sleep(0.01)
            ending.cancel()


def waiting_in(state: str) -> tuple[dict[str, Any], int]:
    """Return a task instance in a state, which a trigger has been made for, and the trigger's id."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.trigger import Trigger
    from airflow.utils.session import create_session

    with DAG(f"waits-{state}", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None) as dag:
        Nothing(task_id="waits")
    (ran,) = run_dag(dag).get_task_instances()
    names = {name: getattr(ran, name) for name in ("dag_id", "run_id", "task_id", "map_index")}
    with create_session() as session:
        session.add(trigger := Trigger("a.Trigger", {}))
        session.flush()
        row = session.query(TaskInstance).filter_by(**names).one()
        row.state, row.trigger_id = state, trigger.id
        return names, trigger.id


def kill(job_id: str, state: str) -> None:
    waiting, trigger_id = waiting_in(state)
    with DAG(f"kills-{state}", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None) as dag:
        Kill(task_id="kill", job_id=job_id, waiting=waiting, trigger_id=trigger_id)
    assert states(run_dag(dag)) == {"kill": "success"}


def test_a_job_whose_task_was_marked_is_stopped_however_often_the_trigger_is_ended(client, caplog, capfd):
    submitted = client.create_job(job({"a": task("sleep 600")})).Id
    kill(submitted, "failed")
    assert client.get_job(submitted).State == "Stopped"
    assert f"Job {submitted} is stopped." in output(caplog, capfd)


def test_a_job_whose_task_waits_in_another_triggerer_goes_on(client, caplog, capfd):
    submitted = client.create_job(job({"a": task("sleep 600")})).Id
    kill(submitted, "deferred")
    assert not client.get_job(submitted).is_terminal
    assert f"the task does: job {submitted} goes on" in output(caplog, capfd)
    client.stop_job(submitted)
