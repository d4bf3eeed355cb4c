"""Outputs that a job has not written: no asset event with ``assets``, a failed task with ``require_outputs``."""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, Asset

from airflow_provider_bcs.exceptions import UnknownArgumentError
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.translator import BatchComputeTaskGroup, JobPerTask, PaiDlc, SingleJob, job_to_dag
from tests.airflow.conftest import connection_json
from tests.airflow.running import (
    AIRFLOW_3,
    asset_events,
    output,
    queued_by_assets,
    run_dag,
    serialized,
    start_scheduling,
    states,
)
from tests.batchcompute.jobs import job
from tests.local.service import Service

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
WAYS: dict[str, Any] = {
    "jobs": JobPerTask(),
    "job": SingleJob(),
    "dlc": PaiDlc(images={"img-ubuntu": "ubuntu:22.04"}),
}
FAST = {"poll_interval": 0.2}


def writing(command: str, outputs: dict[str, str], **fields: Any) -> dict[str, Any]:
    cluster = {"ImageId": "img-ubuntu", "InstanceType": "ecs.g6.large"}
    command_ = {"Command": {"CommandLine": f"sh -c '{command}'"}}
    return {"Parameters": command_, "InstanceCount": 1, "AutoCluster": cluster, "OutputMapping": outputs, **fields}


def age(service: Service, key: str) -> None:
    """Make an object an old one, which an earlier run has written."""
    path = service.data_dir / "oss" / key
    os.utime(path, (time.time() - 3600,) * 2)


def run_known(dag: Any) -> Any:
    """Run a DAG whose assets are in Airflow's database, without which Airflow 2 writes no event."""
    start_scheduling(dag)
    return run_dag(dag)


def lines(text: str, target: str) -> bool:
    return f"has not written {target}; its asset is not updated" in text


@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_only_what_was_written_is_updated(service, way, deferrable, caplog, capfd):
    bucket = f"unwritten-{way}-{deferrable}".lower()
    home = f"/home/{bucket}"
    for key in ("kept/old", "stale", "again", "mixed/old"):
        service.put_object(f"{bucket}/{key}", "old")
        age(service, f"{bucket}/{key}")
    outputs = {
        f"{home}/one": f"oss://{bucket}/one",
        f"{home}/none": f"oss://{bucket}/none",
        f"{home}/a b#": f"oss://{bucket}/a b#",
        f"{home}/stale": f"oss://{bucket}/stale",
        f"{home}/again": f"oss://{bucket}/again",
        f"{home}/kept/": f"oss://{bucket}/kept/",
        f"{home}/mixed/": f"oss://{bucket}/mixed/",
        f"{home}/empty/": f"oss://{bucket}/empty/",
        f"{home}/lost/": f"oss://{bucket}-lost/",
    }
    command = f'cd {home} && echo 1 > one && echo 2 > again && echo 3 > mixed/new && echo 4 > "a b#"'
    content = job({"a": writing(command, outputs), "b": writing("true", {f"{home}/b": f"oss://{bucket}/b"})})
    arguments = {**FAST, "deferrable": deferrable, "outlets": [Asset("oss://elsewhere/theirs")]}
    dag = job_to_dag(content, bucket, execution=WAYS[way], assets=True, operator_args=arguments, start_date=START)
    declared = {name: [asset.uri for asset in dag.get_task(name).outlets] for name in "ab"}
    assert [len(uris) for uris in declared.values()] == [10, 2]
    with DAG(f"{bucket}_b", start_date=START, schedule=[Asset(f"oss://{bucket}/b")]) as waiting:
        BatchComputeSubmitJobOperator(task_id="t", job=job())
    start_scheduling(waiting)
    found = run_known(dag)
    text = output(caplog, capfd)
    assert set(states(found).values()) == {"success"}, text
    written = {f"oss://{bucket}/{name}" for name in ("one", "again", "mixed", "a%20b%23")}
    theirs = {(task.task_id, "oss://elsewhere/theirs") for task in dag.tasks if task.outlets}
    assert asset_events(found) == {("a", uri) for uri in written} | theirs
    for key in ("none", "stale", "kept/", "empty/", "b"):
        assert lines(text, f"oss://{bucket}/{key}"), key
    assert not lines(text, f"oss://{bucket}/one")
    assert f"{bucket}_b" not in queued_by_assets()
    # What the UI shows stays as it is, and so does a further run.
    assert {name: [asset.uri for asset in dag.get_task(name).outlets] for name in "ab"} == declared
    assert f"oss://{bucket}/none" in str(serialized(dag))


@pytest.mark.parametrize("way", WAYS)
def test_a_later_run_updates_what_it_writes(service, way):
    bucket = f"later-{way}"
    command = f"if [ -e /home/{bucket}/in/go ]; then echo new > /home/{bucket}/out; fi"
    one = writing(
        command,
        {f"/home/{bucket}/out": f"oss://{bucket}/out"},
        InputMapping={f"oss://{bucket}/in/": f"/home/{bucket}/in/"},
    )
    dag = job_to_dag(job({"a": one}), bucket, execution=WAYS[way], assets=True, operator_args=FAST)
    assert asset_events(run_known(dag)) == set()
    service.put_object(f"{bucket}/in/go", "")
    assert asset_events(run_known(dag)) == {("a", f"oss://{bucket}/out")}


@pytest.mark.parametrize("given", ["graph", "operator_args", "task_args", "default_args"])
@pytest.mark.parametrize("way", WAYS)
def test_a_required_output_that_was_not_written(client, way, given, caplog, capfd):
    bucket = f"required-{way}-{given}".lower().replace("_", "-")
    home = f"/home/{bucket}"
    outputs = {f"{home}/there": f"oss://{bucket}/there", f"{home}/lost": f"oss://{bucket}/{{{{ params.name }}}}"}
    content = job({"a": writing(f"echo x > {home}/there", outputs)}, Name=bucket)
    own = {"require_outputs": True}
    retried = {"retries": 3}
    arguments: dict[str, Any] = {
        "graph": {**own, "operator_args": {**FAST, **retried}},
        "operator_args": {"operator_args": {**FAST, **own, **retried}},
        "task_args": {"operator_args": FAST, "task_args": {"a": {**own, **retried}}},
        "default_args": {"operator_args": FAST, "default_args": {**own, **retried}},
    }
    dag = job_to_dag(
        content, bucket, execution=WAYS[way], params={"name": "gone"}, start_date=START, **arguments[given]
    )
    found = run_known(dag)
    text = output(caplog, capfd)
    assert states(found)["a"] == "failed", text
    expected = f"DAG.Tasks.a.OutputMapping.{home}/lost: found nothing new at oss://{bucket}/gone; expected an output."
    assert "succeeded without 1 of its outputs" in text
    assert expected in text
    assert f"found nothing new at oss://{bucket}/there" not in text


@pytest.mark.parametrize("way", WAYS)
def test_required_outputs_that_were_written(way, caplog, capfd):
    bucket = f"fulfilled-{way}"
    outputs = {f"/home/{bucket}/there": f"oss://{bucket}/there", f"/home/{bucket}/f/": f"oss://{bucket}/f/"}
    command = f"cd /home/{bucket} && echo x > there && mkdir -p f/deep && echo y > f/deep/er"
    with DAG(bucket, start_date=START, schedule=None) as dag:
        BatchComputeTaskGroup(
            "g",
            job({"a": writing(command, outputs)}),
            execution=WAYS[way],
            require_outputs=True,
            assets=True,
            operator_args=FAST,
        )
    found = run_known(dag)
    assert set(states(found).values()) == {"success"}, output(caplog, capfd)
    assert asset_events(found) == {("g.a", f"oss://{bucket}/there"), ("g.a", f"oss://{bucket}/f")}


def test_a_retry_counts_what_the_first_try_has_written(service, monkeypatch):
    """The job is older than the try that waits for its end."""
    bucket = "retried"
    content = job({"a": writing(f"echo x > /home/{bucket}/o", {f"/home/{bucket}/o": f"oss://{bucket}/o"})})
    dag = job_to_dag(
        content,
        bucket,
        assets=True,
        require_outputs=True,
        operator_args={**FAST, "retries": 1, "retry_delay": 0.0, "deferrable": False},
    )
    conclude = BatchComputeSubmitJobOperator._conclude
    failures = iter([True])

    def fail_once(self: Any, *args: Any) -> str:
        if next(failures, False):
            time.sleep(2)
            raise RuntimeError("The worker was lost.")
        return conclude(self, *args)

    monkeypatch.setattr(BatchComputeSubmitJobOperator, "_conclude", fail_once)
    found = run_known(dag)
    assert states(found) == {"a": "success"}
    assert asset_events(found) == {("a", f"oss://{bucket}/o")}


@pytest.mark.parametrize("required", [False, True])
def test_an_object_store_that_does_not_answer(service, monkeypatch, required, caplog, capfd):
    monkeypatch.setenv(
        "AIRFLOW_CONN_BCS_DEFAULT",
        connection_json(service).replace(service.ready["oss"], "http://127.0.0.1:9"),
    )
    name = f"unknown-{required}".lower()
    content = job({"a": writing("true", {f"/home/{name}": f"oss://{name}/out"})})
    dag = job_to_dag(content, name, assets=True, require_outputs=required, operator_args=FAST)
    found = run_known(dag)
    assert states(found) == {"a": "failed" if required else "success"}
    text = output(caplog, capfd)
    assert "127.0.0.1:9" in text
    assert ("were written is not known, so their assets count as updated" in text) is not required
    assert asset_events(found) == (set() if required else {("a", f"oss://{name}/out")})


def test_soft_fail():
    content = job({"a": writing("true", {"/home/soft": "oss://soft-fail/out"})})
    dag = job_to_dag(
        content,
        "soft_fail_outputs",
        execution=SingleJob(),
        assets=True,
        require_outputs=True,
        operator_args={**FAST, "soft_fail": True},
    )
    found = run_known(dag)
    assert states(found)["a"] == "skipped"
    assert asset_events(found) == set()


def test_a_job_of_several_tasks_by_hand(caplog, capfd):
    tasks = {name: writing("true", {f"/home/hand/{name}": f"oss://by-hand/{name}"}) for name in "ab"}
    with DAG("by_hand", start_date=START, schedule=None) as dag:
        BatchComputeSubmitJobOperator(task_id="t", job=job(tasks), require_outputs=True, **FAST)
    assert states(run_known(dag)) == {"t": "failed"}
    text = output(caplog, capfd)
    assert "succeeded without 2 of its outputs" in text


def test_what_cannot_be_required():
    one = writing("true", {"/home/x": "oss://bucket/x"})
    for kind in (BatchComputeSubmitJobOperator, BatchComputeTaskOnDlcOperator):
        with pytest.raises(ValueError, match=r"require_outputs: found True with wait_for_completion=False"):
            kind(task_id="t", job=job({"a": one}), require_outputs=True, wait_for_completion=False, ignore=())
    if AIRFLOW_3:
        with pytest.raises(ValueError, match="require_outputs: found True with start_from_trigger"):
            BatchComputeTaskOperator(task_id="t", job_id="job-1", require_outputs=True, start_from_trigger=True)
    with pytest.raises(UnknownArgumentError, match="require_outputs"):
        job_to_dag(job({"a": one}), execution=_Nothing(), require_outputs=True)


class _Nothing:
    def operators(self, plan: Any, graph: Any) -> dict[str, Any]:
        from tests.airflow.running import Nothing

        return {name: graph.make(Nothing, name) for name in plan.nodes}
