"""The link of each task that has a remote job, as Airflow's own API finds it, leads to a page that names the job."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

import pytest
import requests
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.dlc import Client as DlcClient
from airflow_provider_bcs.links.batchcompute import BatchComputeJobLink
from airflow_provider_bcs.links.dlc import DlcJobLink
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_graph import BatchComputeSubmitGraphOperator
from airflow_provider_bcs.operators.batchcompute_job import (
    BatchComputeChangeJobPriorityOperator,
    BatchComputeDeleteJobOperator,
    BatchComputeStartJobOperator,
    BatchComputeStopJobOperator,
)
from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.provider_info import get_provider_info
from airflow_provider_bcs.sensors.batchcompute import (
    BatchComputeInstanceSensor,
    BatchComputeJobSensor,
    BatchComputeTaskSensor,
)
from airflow_provider_bcs.sensors.dlc import DlcJobSensor, DlcPodSensor
from tests.airflow.running import break_xcom, link_of, pushed_value, run_dag, states
from tests.batchcompute.jobs import job, task
from tests.dlc.jobs import job as dlc_job
from tests.local.service import wait_until

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
ON_DLC = {"images": {"img-ubuntu": "python:3.12"}, "instance_type": "ecs.c6.large"}
WAYS = {"worker": {"deferrable": False}, "triggerer": {"deferrable": True}}


def named() -> str:
    return f"n-{uuid.uuid4().hex}"


def dag_of(*make: Callable[[], Any]) -> Any:
    with DAG(f"links_{uuid.uuid4().hex}", start_date=START, schedule=None) as dag:
        for each in make:
            each()
    return dag


def page_of(url: str) -> str:
    """Return the page that a link leads to."""
    response = requests.get(url, timeout=10)
    assert response.status_code == 200, url
    return response.text


def check_link(dag: Any, run: Any, task_id: str, job_id: str, map_index: int = -1, part: str = "") -> None:
    url = link_of(dag, run, task_id, map_index)
    assert job_id in page_of(url)
    assert url.partition("#")[2] == (f"part-{part}" if part else "")
    if part:
        assert f'id="part-{part}"' in page_of(url)


# Links of tasks that submit


@pytest.mark.parametrize("way", WAYS)
def test_submitters_of_batchcompute(client: Client, way: str):
    dag = dag_of(lambda: BatchComputeSubmitJobOperator(task_id="t", job=job(), poll_interval=0.2, **WAYS[way]))
    run = run_dag(dag)
    check_link(dag, run, "t", run.get_task_instances()[0].xcom_pull(task_ids="t", key="job_id"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["dlc", "on_dlc"])
def test_submitters_of_pai_dlc(dlc: DlcClient, way: str, kind: str):
    def make() -> Any:
        if kind == "dlc":
            return DlcSubmitJobOperator(task_id="t", job=dlc_job("true"), poll_interval=0.2, **WAYS[way])
        machine = {"ImageId": "img-ubuntu", "InstanceType": "ecs.sn1ne.large"}
        description = job({"a": task("true", ClusterId="", AutoCluster=machine)})
        return BatchComputeTaskOnDlcOperator(task_id="t", job=description, poll_interval=0.2, **ON_DLC, **WAYS[way])

    dag = dag_of(make)
    run = run_dag(dag)
    assert states(run) == {"t": "success"}
    check_link(dag, run, "t", run.get_task_instances()[0].xcom_pull(task_ids="t", key="job_id"))


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_graph_and_its_followers(client: Client, deferrable: bool):
    with DAG(f"links_{uuid.uuid4().hex}", start_date=START, schedule=None) as dag:
        submit = BatchComputeSubmitGraphOperator(task_id="submit", job={"Name": named(), "Type": "DAG"})
        first, second = (
            BatchComputeTaskOperator(
                task_id=name, submit_task_id="submit", task=task("true"), poll_interval=0.2, deferrable=deferrable
            )
            for name in ("first", "second")
        )
        submit >> first >> second
    run = run_dag(dag)
    assert set(states(run).values()) == {"success"}
    job_id = run.get_task_instances()[0].xcom_pull(task_ids="submit", key="job_id")
    check_link(dag, run, "submit", job_id)
    check_link(dag, run, "first", job_id, part="first")
    check_link(dag, run, "second", job_id, part="second")


def test_a_job_that_fails(client: Client):
    dag = dag_of(lambda: BatchComputeSubmitJobOperator(task_id="t", job=job({"a": task("false")}), poll_interval=0.2))
    run = run_dag(dag)
    assert states(run) == {"t": "failed"}
    assert "Failed" in page_of(link_of(dag, run, "t"))


# Links of tasks that wait


MODES = {"poke": {}, "reschedule": {"mode": "reschedule"}, "deferrable": {"deferrable": True}}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("sensor", "arguments", "part"),
    [
        (BatchComputeJobSensor, {}, ""),
        (BatchComputeTaskSensor, {"task_name": "a"}, "a"),
        (BatchComputeInstanceSensor, {"task_name": "a", "instance_id": 0}, "a"),
    ],
)
def test_sensors_of_batchcompute(client: Client, sensor: Any, arguments: dict[str, Any], part: str, mode: str):
    job_id = client.create_job(job({"a": task("sleep 0.5")})).Id
    dag = dag_of(lambda: sensor(task_id="t", job_id=job_id, poke_interval=0.2, **arguments, **MODES[mode]))
    run = run_dag(dag)
    assert states(run) == {"t": "success"}
    check_link(dag, run, "t", job_id, part=part)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("sensor", "pod"), [(DlcJobSensor, ""), (DlcPodSensor, "master-0"), (DlcPodSensor, "{}-master-0")]
)
def test_sensors_of_pai_dlc(dlc: DlcClient, sensor: Any, pod: str, mode: str):
    job_id = dlc.create_job(dlc_job("sleep 0.5")).JobId
    arguments = {"pod_id": pod.format(job_id)} if pod else {}
    dag = dag_of(lambda: sensor(task_id="t", job_id=job_id, poke_interval=0.2, **arguments, **MODES[mode]))
    run = run_dag(dag)
    assert states(run) == {"t": "success"}
    check_link(dag, run, "t", job_id, part="master-0" if pod else "")


# Mapped tasks


def test_mapped_tasks_have_a_link_each(client: Client, dlc: DlcClient):
    submitted = [client.create_job(job({"a": task("true")})).Id for _ in range(2)]
    dag = dag_of(
        lambda: BatchComputeSubmitJobOperator.partial(task_id="submit", poll_interval=0.2).expand(job=[job(), job()]),
        lambda: DlcSubmitJobOperator.partial(task_id="train", poll_interval=0.2).expand(
            job=[dlc_job("true"), dlc_job("true")]
        ),
        lambda: BatchComputeTaskOperator.partial(task_id="follow", task_name="a", poll_interval=0.2).expand(
            job_id=submitted
        ),
        lambda: BatchComputeJobSensor.partial(task_id="wait", poke_interval=0.2).expand(job_id=submitted),
    )
    run = run_dag(dag)
    assert set(states(run).values()) == {"success"}
    ti = run.get_task_instances()[0]
    for index in range(2):
        for task_id in ("submit", "train"):
            check_link(dag, run, task_id, ti.xcom_pull(task_ids=task_id, key="job_id", map_indexes=index), index)
        check_link(dag, run, "follow", submitted[index], index, part="a")
        check_link(dag, run, "wait", submitted[index], index)


# While the task runs


@contextmanager
def looking(
    found: list[str], dag_id: str, task_id: str, is_running: Callable[[str], bool], end: Callable[[str], Any]
) -> Iterator[None]:
    """Look in another thread for the link of a task whose job runs, and end the job when the link was seen."""
    problems: list[BaseException] = []

    def look() -> None:
        try:
            key = "dlc_job_url" if task_id.startswith("dlc") else "batchcompute_job_url"
            wait_until(lambda: bool(pushed_value(dag_id, task_id, key)), 100)
            url = pushed_value(dag_id, task_id, key)
            job_id = url.split("/")[-2]
            assert is_running(job_id)
            found.append(page_of(url))
            end(job_id)
        except BaseException as error:
            problems.append(error)

    # Airflow imports its models at the first query. Beside the imports of a run, in another thread, that can deadlock.
    assert pushed_value(dag_id, task_id, "none") is None
    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        thread.join(130)
    assert not problems, problems


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["dlc_submit", "submit", "follow", "sensor"])
def test_the_link_is_there_while_the_job_runs(client: Client, dlc: DlcClient, kind: str, way: str):
    endless = job({"a": task("sleep 150")})
    job_id = client.create_job(endless).Id if kind in ("follow", "sensor") else ""
    given: dict[str, Callable[[], Any]] = {
        "dlc_submit": lambda: DlcSubmitJobOperator(
            task_id=kind, job=dlc_job("sleep 150"), poll_interval=0.2, **WAYS[way]
        ),
        "submit": lambda: BatchComputeSubmitJobOperator(task_id=kind, job=endless, poll_interval=0.2, **WAYS[way]),
        "follow": lambda: BatchComputeTaskOperator(
            task_id=kind, job_id=job_id, task_name="a", poll_interval=0.2, **WAYS[way]
        ),
        "sensor": lambda: BatchComputeJobSensor(task_id=kind, job_id=job_id, poke_interval=0.2, **WAYS[way]),
    }
    dag = dag_of(given[kind])
    found: list[str] = []

    def is_running(found_id: str) -> bool:
        if kind == "dlc_submit":
            return not dlc.get_job(found_id).is_terminal
        return not client.get_job(found_id).is_terminal

    end = dlc.stop_job if kind == "dlc_submit" else client.stop_job
    with looking(found, dag.dag_id, kind, is_running, end):
        assert states(run_dag(dag)) == {kind: "failed"}
    assert len(found) == 1


# Operators that act on a job


def test_operators_that_act_on_a_job(client: Client):
    job_id = client.create_job(job({"a": task("sleep 600")})).Id
    dag = dag_of(lambda: BatchComputeStopJobOperator(task_id="t", job_id=job_id))
    check_link(dag, run_dag(dag), "t", job_id)
    dag = dag_of(lambda: BatchComputeChangeJobPriorityOperator(task_id="t", job_id=job_id, priority=3))
    check_link(dag, run_dag(dag), "t", job_id)
    dag = dag_of(lambda: BatchComputeStartJobOperator(task_id="t", job_id=job_id))
    check_link(dag, run_dag(dag), "t", job_id)
    client.stop_job(job_id)
    dag = dag_of(lambda: BatchComputeDeleteJobOperator(task_id="t", job_id=job_id))
    run = run_dag(dag)
    assert states(run) == {"t": "success"}
    assert link_of(dag, run, "t") == ""


# No link that leads nowhere


@pytest.mark.parametrize("way", WAYS)
def test_a_job_that_is_deleted_at_its_end_has_no_link(way: str):
    released = job({"a": task("true", ClusterId="auto")}, AutoRelease=True)
    dag = dag_of(lambda: BatchComputeSubmitJobOperator(task_id="t", job=released, poll_interval=0.2, **WAYS[way]))
    run = run_dag(dag)
    assert states(run) == {"t": "success"}
    assert link_of(dag, run, "t") == ""


def test_a_task_that_submitted_nothing_has_no_link():
    dag = dag_of(lambda: BatchComputeSubmitJobOperator(task_id="t", job=job(Name="{{ 'a b' }}")))
    run = run_dag(dag)
    assert states(run) == {"t": "failed"}
    assert link_of(dag, run, "t") == ""


def test_a_link_that_cannot_be_pushed_fails_no_task(client: Client, monkeypatch: pytest.MonkeyPatch):
    break_xcom(monkeypatch, BatchComputeJobLink.xcom_key)
    job_id = client.create_job(job({"a": task("true")})).Id
    dag = dag_of(
        lambda: BatchComputeSubmitJobOperator(task_id="submit", job=job(), poll_interval=0.2),
        lambda: BatchComputeTaskOperator(task_id="follow", job_id=job_id, task_name="a", poll_interval=0.2),
        lambda: BatchComputeJobSensor(task_id="wait", job_id=job_id, poke_interval=0.2),
    )
    run = run_dag(dag)
    assert states(run) == {"submit": "success", "follow": "success", "wait": "success"}
    assert {link_of(dag, run, task_id) for task_id in ("submit", "follow", "wait")} == {""}


def test_the_provider_names_its_links():
    links = get_provider_info()["extra-links"]
    assert links == [f"{each.__module__}.{each.__name__}" for each in (BatchComputeJobLink, DlcJobLink)]
