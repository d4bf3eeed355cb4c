"""The job that a converted task submits is one of its rendered templates."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator
from airflow_provider_bcs.translator import BatchComputeTaskGroup, PaiDlc, job_to_dag
from tests.airflow.running import break_xcom, output, rendered, run_dag, states
from tests.airflow.test_three_ways import CLUSTER, job_ids, one
from tests.airflow.test_translator import START
from tests.batchcompute.jobs import job, put

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")

SECRET = "hush-77ab3e"
ON_DLC = PaiDlc(
    images={"img-ubuntu": "python:3.11"},
    instance_types={"bcs.a2.large": "ecs.g6.large"},
    dlc_job={"Envs": {"MORE_TOKEN": SECRET}, "Settings": {"Tags": {"team": "a"}}},
)
DEFERRABLE = pytest.mark.parametrize("deferrable", [False, True])


def described(command: str = "sh -c 'echo {{ params.word }}'", **fields: Any) -> dict[str, Any]:
    content = one(f"{command} DB_PASSWORD={SECRET}", InputMapping={"oss://one/in/": "/home/in/"}, **fields)
    return put(content, "DAG.Tasks.t.Parameters.Command.EnvVars", {"A_TOKEN": SECRET, "MODE": "fast"})


def submitted(dag_run: Any, task_id: str = "t", map_index: int = -1) -> Any:
    return rendered(dag_run, task_id, map_index)["submitted_job"]


@DEFERRABLE
@pytest.mark.parametrize("exit_code", [0, 3])
def test_what_was_submitted(dlc, deferrable, exit_code):
    dag = job_to_dag(
        described(f"sh -c 'echo {{{{ params.word }}}}; exit {exit_code}'"),
        f"submitted_{deferrable}_{exit_code}",
        execution=ON_DLC,
        params={"word": "morning"},
        operator_args={"poll_interval": 0.2, "deferrable": deferrable},
    )
    found = run_dag(dag)
    assert states(found) == {"t": "failed" if exit_code else "success"}
    shown = submitted(found)
    created = dlc.get_job(*job_ids(found))
    assert shown["JobType"] == created.JobType
    places = [{name: source[name] for name in ("Uri", "MountPath")} for source in shown["DataSources"]]
    assert places == [{name: source[name] for name in ("Uri", "MountPath")} for source in created.DataSources]
    (role,) = shown["JobSpecs"]
    assert {name: created.JobSpecs[0][name] for name in role} == role
    assert role == {"Type": "Worker", "PodCount": 1, "Image": "python:3.11", "EcsSpec": "ecs.g6.large"}
    assert created.DisplayName.startswith(shown["DisplayName"])
    assert shown["Settings"] == {"Tags": {"team": "a"}}
    assert {name: shown["Envs"][name] for name in ("A_TOKEN", "MODE", "MORE_TOKEN")} == {
        "A_TOKEN": "***",
        "MODE": "fast",
        "MORE_TOKEN": "***",
    }
    assert created.Envs["A_TOKEN"] == created.Envs["MORE_TOKEN"] == SECRET
    # The script as it was submitted, but for the part that all scripts have, and for its secrets.
    before, after = shown["UserCommand"].split("# ... ")
    assert created.UserCommand.replace(SECRET, "***").startswith(before)
    assert "'echo morning; " in before
    assert "characters that are the same for every task" in after
    assert SECRET not in json.dumps(rendered(found, "t"))


@DEFERRABLE
def test_a_mapped_task(deferrable):
    with DAG(f"submitted_mapped_{deferrable}", start_date=START, schedule=None, params={"word": "w"}) as dag:
        BatchComputeTaskOnDlcOperator.partial(
            task_id="t",
            image="python:3.11",
            instance_type="ecs.g6.large",
            poll_interval=0.2,
            deferrable=deferrable,
            map_index_template="{{ task.submitted_job.DisplayName }}",
        ).expand(job=[{**described(), "Name": name} for name in ("first", "second")])
    found = run_dag(dag)
    assert states(found) == {"t": "success"}
    assert [submitted(found, map_index=index)["DisplayName"] for index in (0, 1)] == ["first", "second"]
    assert [ti.rendered_map_index for ti in sorted(found.get_task_instances(), key=lambda ti: ti.map_index)] == [
        "first",
        "second",
    ]


def test_with_a_package(service, tmp_path: Path):
    (service.data_dir / "oss/submitted").mkdir(exist_ok=True)
    (tmp_path / "program.sh").write_text("#!/bin/sh\n")
    with DAG("submitted_package", start_date=START, schedule=None, params={"word": "w"}) as dag:
        BatchComputeTaskGroup(
            "g",
            described(),
            execution=ON_DLC,
            package=str(tmp_path / "program.sh"),
            package_uri="oss://submitted/",
            operator_args={"poll_interval": 0.2, "deferrable": True},
        )
    found = run_dag(dag)
    assert states(found) == {"g.t": "success"}
    assert any("//submitted." in source["Uri"] for source in submitted(found, "g.t")["DataSources"])


@pytest.mark.usefixtures("impatient")
def test_a_job_that_the_service_does_not_take(faults):
    faults({"operation": "dlc.CreateJob", "kind": "error-500"})
    dag = job_to_dag(described(), "submitted_refused", execution=ON_DLC, params={"word": "w"})
    found = run_dag(dag)
    assert states(found) == {"t": "failed"}
    assert submitted(found)["DisplayName"] == "one-t"


def test_a_job_that_is_never_submitted():
    dag = job_to_dag(described("run {{ params.word }}"), "submitted_never", execution=ON_DLC, params={"word": "'"})
    found = run_dag(dag)
    assert states(found) == {"t": "failed"}
    assert submitted(found) is None


def test_a_long_job_is_cut_by_airflow():
    content = described("sh -c 'echo'")
    content["DAG"]["Tasks"]["t"]["Parameters"]["Command"]["EnvVars"] |= {f"X{n}": "x" * 1000 for n in range(5)}
    dag = job_to_dag(content, "submitted_long", execution=ON_DLC)
    found = run_dag(dag)
    assert states(found) == {"t": "success"}
    shown = submitted(found)
    assert shown.startswith("Truncated. ")
    assert "DisplayName" in shown
    assert SECRET not in shown


def test_a_job_that_cannot_be_shown_runs_all_the_same(monkeypatch, caplog, capfd):
    break_xcom(monkeypatch, "submitted_job")
    caplog.set_level(logging.INFO)
    dag = job_to_dag(
        described(),
        "submitted_unseen",
        execution=ON_DLC,
        params={"word": "w"},
        operator_args={"poll_interval": 0.2, "deferrable": True},
    )
    assert states(run_dag(dag)) == {"t": "success"}
    assert "not shown among the rendered templates: The XCom backend is down." in output(caplog, capfd)


def test_a_graph_of_two_tasks():
    tasks = {name: one(f"echo {name}")["DAG"]["Tasks"]["t"] for name in ("a", "b")}
    dag = job_to_dag(job(tasks, {"a": ["b"]}, Name="two"), "submitted_two", execution=ON_DLC)
    found = run_dag(dag)
    assert [submitted(found, name)["DisplayName"] for name in ("a", "b")] == ["two-a", "two-b"]
    assert CLUSTER["InstanceType"] not in json.dumps(submitted(found, "a"))
