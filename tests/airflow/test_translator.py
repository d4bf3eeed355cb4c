"""The Airflow graph is the graph of the job file."""

from __future__ import annotations

import copy
import json
import warnings
import zipfile
from datetime import datetime, timezone

import pytest
from airflow.providers.common.compat.sdk import DAG, Asset, TaskGroup
from hypothesis import HealthCheck, given, settings

from airflow_provider_bcs.batchcompute import InvalidJobError, JobDescription, JobSourceError, JobWarning, validate_job
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.translator import BatchComputeTaskGroup, job_to_dag
from airflow_provider_bcs.translator.plan import plan_job
from tests.airflow.running import dag_bag, serialized
from tests.batchcompute.jobs import graphs, job, put, task, without

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
DIAMOND = job({n: task(f"echo {n}") for n in "abcd"}, {"a": ["b", "c"], "b": ["d"], "c": ["d"]})


def new_dag(name="d"):
    return DAG(name, start_date=START, schedule=None)


def edges(tasks):
    found = {(item.task_id, below) for item in tasks for below in item.downstream_task_ids}
    assert found == {(above, item.task_id) for item in tasks for above in item.upstream_task_ids}
    return found


def expected_edges(description):
    return {(a, b) for a, targets in description["DAG"]["Dependencies"].items() for b in targets}


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_edges_are_exactly_the_dependencies(description):
    dag = job_to_dag(description)
    assert set(dag.task_ids) == set(description["DAG"]["Tasks"])
    assert edges(dag.tasks) == expected_edges(description)
    with new_dag():
        group = BatchComputeTaskGroup("a-group-whose-name-no-task-has", description, prefix_group_id=False)
    assert edges(group.children.values()) == expected_edges(description)
    assert validate_job(description, max_tasks=False) == []


def test_a_dag_in_one_line():
    dag = job_to_dag(DIAMOND, schedule=None, tags=["x"])
    assert dag.dag_id == "a-job"
    assert dag.fileloc == __file__
    assert dag.get_task("b").job == {
        "Name": "a-job-b",
        "Type": "DAG",
        "Priority": 1,
        "JobFailOnInstanceFail": True,
        "DAG": {"Tasks": {"b": task("echo b")}, "Dependencies": {}},
    }
    assert validate_job(dag.get_task("b").job) == []
    assert serialized(dag)


def test_what_each_job_takes_over():
    topic = {"Topic": {"Name": "t", "Endpoint": "http://1.mns.cn-shanghai.aliyuncs.com/", "Events": ["OnJobFailed"]}}
    whole = job(
        {"a": task()},
        Priority=77,
        Notification=topic,
        JobFailOnInstanceFail=False,
        Description="hello",
        AutoRelease=True,
    )
    node = plan_job(whole).nodes["a"]
    for name in ("Priority", "Notification", "JobFailOnInstanceFail", "Description", "AutoRelease"):
        assert node[name] == whole[name]
    assert job_to_dag(whole).description == "hello"


@pytest.mark.parametrize(
    ("name", "task_name", "expected"),
    [
        ("job", "task", "job-task"),
        ("j" * 64, "task", "j" * 59 + "-task"),
        ("job", "t" * 64, "t" * 64),
        ("job-{{ ds_nodash }}", "task", "job-{{ ds_nodash }}-task"),
    ],
)
def test_names_of_the_jobs(name, task_name, expected):
    node = plan_job(job({task_name: task()}, Name=name)).nodes[task_name]
    assert node["Name"] == expected
    assert validate_job(node) == []


def test_a_group_is_a_task_group_like_any_other():
    with new_dag() as dag:
        before = BatchComputeSubmitJobOperator(task_id="before", job=job())
        with TaskGroup("outer"):
            first = BatchComputeTaskGroup("first", DIAMOND)
            second = BatchComputeTaskGroup("second", DIAMOND)
        before >> first >> second
    assert first["a"].task_id == "outer.first.a"
    assert before.downstream_task_ids == {"outer.first.a"}
    assert first["d"].downstream_task_ids == {"outer.second.a"}
    assert first["b"].downstream_task_ids == {"outer.first.d"}
    assert len(dag.tasks) == 9
    assert serialized(dag)
    with pytest.raises(KeyError, match="no task 'e'"):
        first["e"]


def test_arguments_for_all_tasks_and_for_one():
    dag = job_to_dag(
        DIAMOND,
        bcs_conn_id="other",
        operator_args={"retries": 2, "deferrable": True, "poll_interval": 3},
        task_args={"c": {"retries": 5, "pool": "big", "trigger_rule": "all_done"}},
        default_args={"owner": "me"},
    )
    found = {item.task_id: (item.retries, item.pool, item.trigger_rule, item.owner) for item in dag.tasks}
    assert found["c"] == (5, "big", "all_done", "me")
    assert found["a"] == (2, "default_pool", "all_success", "me")
    assert {(item.bcs_conn_id, item.deferrable, item.poll_interval) for item in dag.tasks} == {("other", True, 3)}
    with pytest.raises(ValueError, match="task_args: found 'cc', which is no task of job a-job; did you mean c"):
        job_to_dag(DIAMOND, task_args={"cc": {}})


def test_more_than_16_tasks():
    dag = job_to_dag(job({f"t{n}": task() for n in range(100)}, {"t0": [f"t{n}" for n in range(1, 100)]}))
    assert len(dag.get_task("t0").downstream_task_ids) == 99


@pytest.mark.parametrize("form", [DIAMOND, json.dumps(DIAMOND), JobDescription(DIAMOND)])
def test_every_form_of_a_job(form):
    assert edges(job_to_dag(form).tasks) == expected_edges(DIAMOND)


def test_files_are_found_beside_the_dag_file(tmp_path):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "diamond.json").write_text(json.dumps(DIAMOND))
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "other.yaml").write_text(json.dumps(DIAMOND))
    dag = DAG("d", start_date=START, schedule=None, template_searchpath=[str(tmp_path / "shared")])
    dag.fileloc = str(tmp_path / "dag.py")
    with dag:
        assert BatchComputeTaskGroup("a", "jobs/diamond.json")["a"]
        assert BatchComputeTaskGroup("b", "other.yaml")["a"]
        assert BatchComputeTaskGroup("c", tmp_path / "jobs" / "diamond.json")["a"]
        with pytest.raises(JobSourceError, match=r"no job file missing\.json in .*shared"):
            BatchComputeTaskGroup("e", "missing.json")


def test_errors_name_the_field():
    with pytest.raises(InvalidJobError, match=r"DAG\.Tasks\.a\.Tiemout: .* did you mean Timeout"):
        job_to_dag(job({"a": task(Tiemout=3)}))
    with pytest.raises(InvalidJobError, match="BadDAG"):
        job_to_dag(job({"a": task()}, {"a": ["a"]}))
    with pytest.raises(ValueError, match="DAG.Tasks: found the template '{{ params.x }}'"):
        job_to_dag(job({"{{ params.x }}": task()}))
    with pytest.raises(ValueError, match="DAG.Dependencies: found the template"):
        job_to_dag(put(job(), "DAG.Dependencies", {"count": "{{ params.x }}"}))
    with pytest.raises(ValueError, match="Type of the job: found 'App'; expected 'DAG'"):
        job_to_dag({"Name": "a", "Type": "App", "App": {"AppName": ":a"}})


def test_the_connection_of_default_args_counts():
    defaults = {"bcs_conn_id": "theirs"}
    assert job_to_dag(DIAMOND, default_args=defaults).get_task("a").bcs_conn_id == "theirs"
    assert job_to_dag(DIAMOND, default_args=defaults, bcs_conn_id="mine").get_task("a").bcs_conn_id == "mine"
    assert job_to_dag(DIAMOND).get_task("a").bcs_conn_id == "bcs_default"
    with new_dag():
        assert BatchComputeTaskGroup("g", DIAMOND, default_args=defaults)["a"].bcs_conn_id == "theirs"


def test_job_to_dag_looks_in_the_search_path(tmp_path):
    (tmp_path / "other.json").write_text(json.dumps(DIAMOND))
    assert job_to_dag("other.json", template_searchpath=str(tmp_path)).task_ids
    with pytest.raises(JobSourceError, match="There is no job file jobs/missing.json in "):
        job_to_dag("jobs/missing.json", template_searchpath=[str(tmp_path)])


def test_a_job_file_in_a_packaged_dag_is_said_not_to_be_read(tmp_path):
    lines = (
        "from airflow.providers.common.compat.sdk import DAG",
        "from airflow_provider_bcs.translator import job_to_dag",
        "dag = job_to_dag('jobs/x.json', dag_id='zipped')",
    )
    with zipfile.ZipFile(tmp_path / "graph.zip", "w") as packed:
        packed.writestr("graph_dag.py", "\n".join(lines))
        packed.writestr("jobs/x.json", json.dumps(DIAMOND))
    bag = dag_bag(tmp_path / "graph.zip")
    assert not bag.dags
    assert "is a packaged DAG, and a file in a zip is not read" in " ".join(bag.import_errors.values())


def test_a_whole_graph_from_a_template_waits_for_the_operator():
    with new_dag():
        BatchComputeSubmitJobOperator(task_id="x", job={"Name": "j", "Type": "DAG", "DAG": "{{ params.d }}"})


def test_a_job_of_an_app_has_no_graph():
    content = {"Name": "an-app", "Type": "App", "App": {"AppName": ":wordcount"}}
    with pytest.raises(ValueError, match="found 'App'; expected 'DAG'.*BatchComputeSubmitJobOperator runs this job"):
        job_to_dag(content)
    with new_dag():
        assert BatchComputeSubmitJobOperator(task_id="app", job=content)


def test_both_clusters_are_warned_about():
    both = job({"count": task(AutoCluster={"ImageId": "img-ubuntu"})})
    with pytest.warns(JobWarning, match="ClusterId 'cls-x' takes effect") as seen:
        job_to_dag(both)
    assert len([item for item in seen if item.category is JobWarning]) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        job_to_dag(job())


def test_another_tasks_output_in_values():
    with new_dag():
        upstream = BatchComputeSubmitJobOperator(task_id="upstream", job=job())
        group = BatchComputeTaskGroup("g", put(copy.deepcopy(DIAMOND), "DAG.Tasks.d.ClusterId", upstream.output))
        named = BatchComputeTaskGroup("named", put(copy.deepcopy(DIAMOND), "Name", upstream.output))
    assert group["a"].upstream_task_ids == set()
    assert group["d"].upstream_task_ids == {"g.b", "g.c", "upstream"}
    assert named["a"].upstream_task_ids == {"upstream"}
    assert named["a"].job["Name"] == upstream.output


def test_outputs_as_assets():
    outputs = {
        "/home/folder/": "oss://out/folder/",
        "/home/file": "oss://out/a#1 \u00e9%",
        "/home/again/": "oss://out/folder/",
        "/home/none/": "",
    }
    written = job(
        {"a": task(OutputMapping=outputs), "b": task(), "c": task(OutputMapping={"/o/": "oss://out/{{ ds }}/"})}
    )
    theirs = [Asset("oss://out/theirs")]
    with pytest.warns(JobWarning, match=r"DAG\.Tasks\.c\.OutputMapping\./o/: found the template 'oss://out/{{ ds }}/'"):
        dag = job_to_dag(written, assets=True, operator_args={"outlets": theirs}, task_args={"b": {"outlets": []}})
    assert [asset.uri for asset in dag.get_task("a").outlets] == [
        "oss://out/theirs",
        "oss://out/folder",
        "oss://out/a%231%20%C3%A9%25",
    ]
    # One asset under one name: what an author writes who copies it from the job file.
    assert dag.get_task("a").outlets[1] == Asset("oss://out/folder/")
    assert dag.get_task("b").outlets == []
    assert dag.get_task("c").outlets == theirs == [Asset("oss://out/theirs")]
    assert job_to_dag(written).get_task("a").outlets == []
    assert serialized(dag)
    with new_dag(), pytest.warns(JobWarning):
        group = BatchComputeTaskGroup("g", written, assets=True, default_args={"outlets": theirs})
    assert [asset.uri for asset in group["a"].outlets][:2] == ["oss://out/theirs", "oss://out/folder"]


@pytest.mark.parametrize(
    "content",
    [task(OutputMapping="{{ params.outputs }}"), task(OutputMapping={"/o/": "{{ params.out }}"}), "{{ params.task }}"],
)
def test_a_template_is_no_asset(content):
    with pytest.warns(JobWarning, match=r"DAG\.Tasks\.a\.OutputMapping\S*: found the template '{{ params.*no asset"):
        assert job_to_dag(job({"a": content}), assets=True).get_task("a").outlets == []


def test_the_size_that_counts_is_that_of_each_job():
    half = {"ImageId": "img-ubuntu", "UserData": {"x": "y" * 140_000}}
    plan_job(job({name: without(task(AutoCluster=half), "ClusterId") for name in "ab"}))
    whole = {"ImageId": "img-ubuntu", "UserData": {"x": "y" * 280_000}}
    with pytest.raises(InvalidJobError, match="InvalidHttpBody: .* Found 274 KiB; expected at most 256 KiB"):
        plan_job(job({"a": without(task(AutoCluster=whole), "ClusterId")}))


def test_a_copied_dag_keeps_the_tasks_of_its_group():
    with new_dag() as dag:
        BatchComputeTaskGroup("g", DIAMOND)
    for copied in (copy.deepcopy(dag), dag.partial_subset(["g.a"], include_upstream=False, include_downstream=True)):
        group = copied.task_group.children["g"]
        assert group["a"] is copied.get_task("g.a")
        assert group.job_description["Name"] == DIAMOND["Name"]
    alone = dag.partial_subset(["g.a"], include_upstream=False).task_group.children["g"]
    assert alone["a"].task_id == "g.a"
    with pytest.raises(KeyError, match="The job has no task 'd'"):
        alone["d"]
