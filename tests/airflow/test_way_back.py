"""From wired operators to one job description, and a group that is wired and runs as one job."""

from __future__ import annotations

import copy
from datetime import datetime, timezone
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, TaskGroup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_bcs.batchcompute import Client, InvalidJobError
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.translator import (
    BatchComputeJobTaskGroup,
    BatchComputeTaskGroup,
    JobPerTask,
    SingleJob,
    job_to_dag,
    task_group_to_job,
)
from tests.airflow.running import AIRFLOW_3, Nothing, run_dag, serialized, states
from tests.batchcompute.jobs import graphs, job, task
from tests.local.service import Service

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
DIAMOND = job({n: task(f"echo {n}") for n in "abcd"}, {"a": ["b", "c"], "b": ["d"], "c": ["d"]})
FAST = {"poll_interval": 0.3}


def new_dag(name: str = "d") -> DAG:
    return DAG(name, start_date=START, schedule=None)


def split(content: dict[str, Any], **fields: Any) -> dict[str, BatchComputeSubmitJobOperator]:
    """Make an operator for each task by hand, without edges."""
    return {
        name: BatchComputeSubmitJobOperator(task_id=name, job=job({name: one}, Name=f"a-job-{name}", **fields))
        for name, one in content["DAG"]["Tasks"].items()
    }


@st.composite
def whole_jobs(draw: st.DrawFn) -> dict[str, Any]:
    """A random graph with random fields around it, and Dependencies in any wording."""
    content = draw(graphs(max_tasks=16))
    fields = {
        "Description": st.text("abc äö", max_size=20),
        "Priority": st.integers(0, 1000),
        "AutoRelease": st.booleans(),
        "JobFailOnInstanceFail": st.booleans(),
        "Name": st.from_regex(r"[a-zA-Z_-][a-zA-Z0-9_-]{0,63}", fullmatch=True),
    }
    for field, values in fields.items():
        if draw(st.booleans()):
            content[field] = draw(values)
        elif field not in ("Name",):
            content.pop(field, None)
    if not any(content["DAG"]["Dependencies"].values()) and draw(st.booleans()):
        del content["DAG"]["Dependencies"]
    if draw(st.booleans()):
        keys = {"AccessKeyId": "id", "AccessKeySecret": draw(st.sampled_from(["hidden in the operators", "***"]))}
        next(iter(content["DAG"]["Tasks"].values()))["Mounts"] = {"Entries": [], "OSS": keys}
    return content


@settings(max_examples=500, suppress_health_check=list(HealthCheck))
@given(whole_jobs(), st.sampled_from([JobPerTask(), SingleJob()]))
def test_there_and_back_is_the_identity(content, execution):
    with new_dag() as dag:
        group = BatchComputeTaskGroup("a-group-whose-name-no-task-has", content, execution=execution)
    assert task_group_to_job(group) == content
    dag.resolve_template_files()
    assert task_group_to_job(group) == content


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(graphs(max_tasks=16))
def test_what_is_wired_by_hand_is_what_was_described(content):
    with new_dag():
        with TaskGroup("by-hand") as group:
            made = split(content)
            for name, successors in content["DAG"]["Dependencies"].items():
                for successor in dict.fromkeys(successors):
                    made[name] >> made[successor]
    found = task_group_to_job(group)
    edges = {(a, b) for a, names in content["DAG"]["Dependencies"].items() for b in names}
    assert {(a, b) for a, names in found["DAG"].pop("Dependencies", {}).items() for b in names} == edges
    assert found["DAG"] == {"Tasks": content["DAG"]["Tasks"]}
    assert (found["Name"], found["Priority"]) == ("a-job", 1)


def test_a_whole_dag():
    assert task_group_to_job(job_to_dag(DIAMOND)) == DIAMOND


def test_jobs_of_several_tasks_and_groups_inside_groups():
    first = job({"a": task(), "b": task()}, {"a": ["b"]}, Name="one")
    second = job({"x": task(), "y": task()}, Name="two")
    with new_dag():
        with TaskGroup("outer") as outer:
            one = BatchComputeSubmitJobOperator(task_id="one", job=first)
            with TaskGroup("inner"):
                two = BatchComputeSubmitJobOperator(task_id="two", job=second)
            one >> two
    found = task_group_to_job(outer, Priority=9)
    assert found == job(
        {"a": task(), "b": task(), "x": task(), "y": task()}, {"a": ["b"], "b": ["x", "y"]}, Name="outer", Priority=9
    )


def test_a_job_that_is_a_file(tmp_path):
    (tmp_path / "one.yaml").write_text("{Name: a-job-a, Type: DAG, DAG: {Tasks: {a: " + str(task()) + "}}}")
    with DAG("files", start_date=START, schedule=None, template_searchpath=str(tmp_path)):
        with TaskGroup("g") as group:
            BatchComputeSubmitJobOperator(task_id="a", job="one.yaml")
    assert task_group_to_job(group) == {"Name": "a-job", "Type": "DAG", "DAG": {"Tasks": {"a": task()}}}


def wrong(group: TaskGroup, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        task_group_to_job(group)


def test_what_no_job_can_hold():
    with new_dag():
        with TaskGroup("empty") as group:
            pass
        wrong(group, "The task group empty: found no BatchCompute task; expected at least one")
        with TaskGroup("other") as group:
            Nothing(task_id="x")
        wrong(group, r"Task other\.x: found a Nothing; expected BatchCompute operators only")
        with TaskGroup("twins") as group:
            BatchComputeSubmitJobOperator(task_id="x", job=job())
            BatchComputeSubmitJobOperator(task_id="y", job=job())
        wrong(group, r"Tasks twins\.x and twins\.y both have a BatchCompute task 'count'; rename one")
        with TaskGroup("unequal") as group:
            BatchComputeSubmitJobOperator(task_id="x", job=job({"x": task()}, Priority=1))
            BatchComputeSubmitJobOperator(task_id="y", job=job({"y": task()}, Priority=2))
        wrong(group, r"Priority: found 1 in the job of unequal\.x and 2 in that of unequal\.y; .*Priority=\.\.\.")
        assert task_group_to_job(group, Priority=7)["Priority"] == 7
        with TaskGroup("ruled") as group:
            BatchComputeSubmitJobOperator(task_id="x", job=job(), trigger_rule="one_failed")
        wrong(group, r"trigger_rule of task ruled\.x: found 'one_failed'; expected 'all_success'")
        with TaskGroup("templated") as group:
            BatchComputeSubmitJobOperator(task_id="x", job="{{ params.job }}")
        wrong(group, r"The job of task templated\.x: found a template for the whole job")
        with TaskGroup("high") as group:
            BatchComputeSubmitJobOperator(task_id="x", job=job())
        with pytest.raises(InvalidJobError, match="Priority: InvalidPriority"):
            task_group_to_job(group, Priority=1001)


# A group that is wired in Airflow and runs as one job


def wired(name: str, **fields: Any) -> tuple[DAG, BatchComputeJobTaskGroup]:
    with new_dag(name) as dag:
        with BatchComputeJobTaskGroup("g", job={"Name": name, **fields}, operator_args=FAST) as group:
            a, b, c = (BatchComputeTaskOperator(task_id=n, task=task(f"echo {n}"), **FAST) for n in "abc")
            a >> b
        group >> Nothing(task_id="after")
        # Also behind the group's end.
        b >> c
    return dag, group


def test_a_group_that_is_wired_runs_as_one_job(airflow_db, connection, client: Client):
    dag, group = wired("wired", Priority=3)
    run = run_dag(dag)
    assert states(run) == dict.fromkeys(["g.submit", "g.a", "g.b", "g.c", "g.stop", "after"], "success")
    (created,) = [item for item in client.list_jobs() if item.Name == "wired"]
    description = client.get_job_description(created)
    assert description.Priority == 3
    assert description.DAG.Dependencies == {"a": ["b"], "b": ["c"]}
    assert [found.State for found in client.list_tasks(created)] == ["Finished"] * 3
    assert task_group_to_job(group) == dag.get_task("g.submit").job


def test_the_graph_of_a_wired_group():
    dag, _ = wired("seen")
    found = {(item.task_id, below) for item in dag.tasks for below in item.downstream_task_ids}
    assert {("g.submit", "g.a"), ("g.a", "g.b"), ("g.b", "g.c"), ("g.c", "g.stop")} <= found
    dag.resolve_template_files()
    assert dag.get_task("g.submit").job == {
        "Name": "seen",
        "Type": "DAG",
        "DAG": {"Tasks": {n: task(f"echo {n}") for n in "abc"}, "Dependencies": {"a": ["b"], "b": ["c"]}},
    }
    assert serialized(dag)


def test_a_copied_dag_keeps_the_job_of_its_wired_group(airflow_db, connection, client: Client):
    dag, _ = wired("copied")
    for copied in (copy.deepcopy(dag), copy.deepcopy(copy.deepcopy(dag))):
        group = copied.task_group.children["g"]
        assert group.submit_task_id == "g.submit"
        assert task_group_to_job(group)["DAG"]["Dependencies"] == {"a": ["b"], "b": ["c"]}
        if not AIRFLOW_3:
            # A copied group of Airflow 2 has no DAG, and takes no further task.
            continue
        with copied, group:
            added = BatchComputeTaskOperator(task_id="added", task=task("echo added"), **FAST)
        assert added.submit_task_id == "g.submit"
        assert added.upstream_task_ids == {"g.submit"}
        assert "g.added" in copied.get_task("g.stop").upstream_task_ids
        assert "g.added" not in dag.get_task("g.stop").upstream_task_ids
    subset = dag.partial_subset(["g.b"], include_upstream=True, include_downstream=False)
    assert subset.task_group.children["g"].submit_task_id == "g.submit"
    assert subset.get_task("g.b").submit_task_id == "g.submit"
    run = run_dag(copy.deepcopy(dag))
    assert set(states(run).values()) == {"success"}
    (created,) = [item for item in client.list_jobs() if item.Name == "copied"]
    assert [found.TaskName for found in client.list_tasks(created)] == ["a", "b", "c"]


@pytest.mark.skipif(not AIRFLOW_3, reason="A copied group of Airflow 2 has no DAG, and takes no task.")
def test_a_copied_group_that_was_not_entered_yet():
    with new_dag("later") as dag:
        BatchComputeJobTaskGroup("g", job={"Name": "later"}, operator_args=FAST)
    copied = copy.deepcopy(dag)
    group = copied.task_group.children["g"]
    assert group.submit_task_id is None
    with copied, group:
        BatchComputeTaskOperator(task_id="a", task=task())
    assert task_group_to_job(group)["Name"] == "later"


def test_a_wired_group_that_breaks_a_rule():
    with new_dag() as dag:
        with BatchComputeJobTaskGroup("g"):
            BatchComputeTaskOperator(task_id="a", task=task(InstanceCount=0))
    with pytest.raises(InvalidJobError, match=r"The job of task g\.submit.*\n?.*DAG\.Tasks\.a\.InstanceCount"):
        dag.resolve_template_files()
    with new_dag() as dag:
        with BatchComputeJobTaskGroup("g"):
            BatchComputeTaskOperator(task_id="a")
    with pytest.raises(ValueError, match=r"Task g\.a: found no task; expected task=\{\.\.\.\}"):
        dag.resolve_template_files()
    with new_dag():
        group = BatchComputeJobTaskGroup("g").__enter__()
        BatchComputeTaskOperator(task_id="a", task=task())
        BatchComputeSubmitJobOperator(task_id="b", job=job())
        with pytest.raises(
            ValueError,
            match=r"Task g\.b: found a \w+, which submits a job of its own; expected a BatchComputeTaskOperator",
        ):
            group.__exit__(None, None, None)


def test_templates_in_a_wired_group_are_rendered(airflow_db, connection, service: Service, client: Client):
    with DAG("rendered", start_date=START, schedule=None, params={"word": "hello"}) as dag:
        with BatchComputeJobTaskGroup("g", operator_args=FAST, default_args={"poll_interval": 0.3}):
            parameters = {
                "Command": {"CommandLine": "echo {{ params.word }}"},
                "StdoutRedirectPath": "oss://bcs-wired/logs/",
            }
            BatchComputeTaskOperator(task_id="a", task=task(Parameters=parameters))
    run = run_dag(dag)
    assert set(states(run).values()) == {"success"}
    (log,) = (service.data_dir / "oss" / "bcs-wired" / "logs").iterdir()
    assert log.read_text() == "hello\n"
