"""What Airflow's UI shows of operators and graphs: names, pages, tags, counts of instances."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, BaseOperator, TaskGroup

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.translator import (
    BatchComputeJobTaskGroup,
    BatchComputeTaskGroup,
    JobPerTask,
    PaiDlc,
    SingleJob,
    job_to_dag,
)
from tests.airflow.running import BashOperator, dag_bag, run_dag, serialized
from tests.airflow.test_docs import blocks
from tests.airflow.test_docstring_examples import BASES, public_classes
from tests.airflow.test_executions import OnThisMachine
from tests.airflow.test_translator import START
from tests.batchcompute.clusters import cluster
from tests.batchcompute.jobs import job, task
from tests.dlc.jobs import job as dlc_job
from tests.test_markdown import SECRET, rows_of

AUTO = {"ImageId": "img-ubuntu", "InstanceType": "ecs.g6.large"}


def described(**fields: Any) -> dict[str, Any]:
    """A job of three tasks, one of which has several instances."""
    tasks = {name: task(f"echo {name} | wc", ClusterId="", AutoCluster=AUTO) for name in ("split", "count", "merge")}
    tasks["count"] |= {"InstanceCount": 3, "Timeout": 600, "InputMapping": {"oss://bucket/{{ ds }}/": "/home/in/"}}
    tasks["count"]["Parameters"]["Command"]["EnvVars"] = {"DB_PASSWORD": SECRET, "MODE": "fast"}
    edges = {"split": ["count"], "count": ["merge"]}
    return job(tasks, edges, **{"Name": "find-primes", "Description": "Count *primes* | PASSWORD=" + SECRET, **fields})


ON_DLC = PaiDlc(
    images={"img-ubuntu": "python:3.11"},
    instance_types={"ecs.g6.large": {"CPU": "2", "Memory": "8Gi"}},
    dlc_job={"ResourceId": "quota1"},
)
WAYS = pytest.mark.parametrize(
    ("execution", "tag", "runs_on"),
    [
        (JobPerTask(), "batchcompute", "img-ubuntu ecs.g6.large"),
        (JobPerTask(cluster=cluster()), "batchcompute", "{{ ti.xcom_pull(task_ids='create_cluste…"),
        (SingleJob(), "batchcompute", "img-ubuntu ecs.g6.large"),
        (ON_DLC, "pai-dlc", "python:3.11 CPU 2, Memory 8Gi"),
    ],
    ids=["jobs", "cluster", "job", "dlc"],
)


def stored_tasks(dag: Any) -> dict[str, dict[str, Any]]:
    """Return task id -> its fields as the scheduler and the UI get them."""
    found = serialized(dag)["dag"]["tasks"]
    return {fields["task_id"]: fields for fields in (each.get("__var", each) for each in found)}


def name_of(fields: dict[str, Any]) -> str:
    return str(fields.get("_operator_name"))


OWN = [cls for cls in public_classes() if issubclass(cls, BaseOperator) and cls.__name__ not in BASES]


def test_each_operator_and_sensor_has_a_short_name():
    names = {cls.__name__: vars(cls).get("custom_operator_name") for cls in OWN}
    assert len(names) == 18
    assert all(name and len(name) <= 30 for name in names.values()), names
    assert len(set(names.values())) == len(names)
    assert all("BatchCompute" in name or "PAI-DLC" in name for name in names.values())


def test_the_name_is_stored_also_of_mapped_tasks():
    with DAG("names", start_date=START, schedule=None) as dag:
        BatchComputeSubmitJobOperator(task_id="one", job=job())
        BatchComputeSubmitJobOperator.partial(task_id="many").expand(job=[job(), job()])
    assert {task_id: name_of(fields) for task_id, fields in stored_tasks(dag).items()} == {
        "one": "BatchCompute job",
        "many": "BatchCompute job",
    }


@WAYS
def test_a_graph_says_what_it_does(execution, tag, runs_on):
    dag = job_to_dag(described(), execution=execution)
    assert list(dag.tags) == [tag]
    page = dag.doc_md
    assert page.startswith(
        "- **Job** `find-primes`\n" + r"- **Description** Count \*primes\* \| PASSWORD=\*\*\*" + "\n"
    )
    assert f"- **Runs as** `{type(execution).__name__}`" in page
    assert rows_of(page) == [
        ["split", "1", runs_on, "echo split | wc"],
        ["count", "3", runs_on, "echo count | wc"],
        ["merge", "1", runs_on, "echo merge | wc"],
    ]
    assert dag.description == "Count *primes* | PASSWORD=***"
    stored = serialized(dag)
    assert stored["dag"]["doc_md"] == page
    assert SECRET not in json.dumps(stored)


@WAYS
def test_a_task_says_what_it_does(execution, tag, runs_on):
    dag = job_to_dag(described(), execution=execution)
    page = dag.get_task("count").doc_md
    assert "- **Command** `echo count | wc`" in page
    assert "- **Variables** `DB_PASSWORD` = `***`, `MODE` = `fast`" in page
    assert "- **Instances** 3\n- **Time-out** 600 s\n- **Inputs** `oss://bucket/{{ ds }}/` to `/home/in/`" in page
    if "xcom_pull" in runs_on:
        assert "- **Cluster** `{{ ti.xcom_pull(task_ids='create_cluster', key='cluster_id'" in page
    else:
        image, machine = runs_on.split(" ", 1)
        assert f"- **Image** `{image}`\n- **Machine** `{machine}`" in page
    assert all(fields["doc_md"] for fields in stored_tasks(dag).values())
    assert stored_tasks(dag)["count"]["doc_md"] == page


@WAYS
def test_the_display_name_counts_instances(execution, tag, runs_on):
    dag = job_to_dag(described(), execution=execution)
    names = {op.task_id: op.task_display_name for op in dag.tasks if op.task_id in ("split", "count", "merge")}
    assert names == {"split": "split", "count": "count (3 instances)", "merge": "merge"}
    fields = stored_tasks(dag)["count"]
    assert "count (3 instances)" in (fields.get("_task_display_name"), fields.get("_task_display_property_value"))
    plain = job_to_dag(described(), execution=execution, instance_counts=False)
    assert [op.task_display_name for op in plain.tasks] == [op.task_id for op in dag.tasks]


@WAYS
def test_a_group_says_what_it_does(execution, tag, runs_on):
    with DAG("d", start_date=START, schedule=None, tags=["mine"], doc_md="mine") as dag:
        group = BatchComputeTaskGroup("g", described(), execution=execution)
        other = BatchComputeTaskGroup(
            "h", described(), execution=execution, instance_counts=False, tooltip="theirs", prefix_group_id=True
        )
    assert group["count"].task_id == "g.count"
    assert group["count"].task_display_name == "count (3 instances)"
    assert other["count"].task_display_name == "h.count"
    assert group.tooltip == "Count *primes* | PASSWORD=***"
    assert other.tooltip == "theirs"
    assert "- **Command** `echo count | wc`" in group["count"].doc_md
    if hasattr(TaskGroup("x", dag=dag), "doc_md"):
        assert [row[0] for row in rows_of(group.doc_md)] == ["split", "count", "merge"]
    # What belongs to the whole DAG stays the author's.
    assert (list(dag.tags), dag.doc_md) == (["mine"], "mine")
    assert serialized(dag)


@WAYS
def test_what_the_author_gives_wins(execution, tag, runs_on):
    own = {"doc_md": "mine", "task_display_name": "Mine"}
    found = job_to_dag(
        described(), execution=execution, tags=["x"], doc_md="of the DAG", description="d", task_args={"count": own}
    )
    assert (list(found.tags), found.doc_md, found.description) == (["x"], "of the DAG", "d")
    assert (found.get_task("count").doc_md, found.get_task("count").task_display_name) == ("mine", "Mine")
    assert "`echo split | wc`" in found.get_task("split").doc_md
    for given in ({"operator_args": own}, {"default_args": own}):
        found = job_to_dag(described(), execution=execution, **given).get_task("count")
        assert (found.doc_md, found.task_display_name) == ("mine", "Mine")
    with DAG("d", start_date=START, schedule=None):
        group = BatchComputeTaskGroup("g", described(), execution=execution, default_args=own)
    assert (group["count"].doc_md, group["count"].task_display_name) == ("mine", "Mine")
    assert list(job_to_dag(described(), execution=execution, tags=[]).tags) == []
    assert job_to_dag(described(), execution=execution, doc_md=None).doc_md is None


def test_a_display_name_of_a_setup_is_no_name_of_a_task():
    named = {"task_display_name": "Send it"}
    for execution, name in ((SingleJob(), "submit"), (JobPerTask(cluster=cluster()), "create_cluster")):
        dag = job_to_dag(described(), execution=execution, task_args={name: named})
        assert dag.get_task(name).task_display_name == "Send it"


def test_a_display_name_of_a_task_is_no_name_of_a_batchcompute_task():
    with DAG("d", start_date=START, schedule=None) as dag:
        with TaskGroup("outer"), BatchComputeJobTaskGroup("inner"):
            named = BatchComputeTaskOperator(task_id="count", task=task(), task_display_name="Count words")
        with BatchComputeJobTaskGroup("flat", prefix_group_id=False):
            flat = BatchComputeTaskOperator(task_id="sum", task=task("sum"), task_display_name="Sum up")
    assert (named.task_id, named.task_name, flat.task_name) == ("outer.inner.count", "count", "sum")
    dag.resolve_template_files()
    assert set(dag.get_task("outer.inner.submit").job["DAG"]["Tasks"]) == {"count"}


def test_instances_that_are_not_known():
    tasks = {"a": task(InstanceCount="{{ params.n }}"), "b": "{{ params.b }}", "c": task(InstanceCount=1200)}
    dag = job_to_dag(job(tasks))
    assert [op.task_display_name for op in dag.tasks] == ["a", "b", "c (1,200 instances)"]
    assert [row[1] for row in rows_of(dag.doc_md)] == ["{{ params.n }}", "", "1200"]
    assert "- **Instances** `{{ params.n }}`" in dag.get_task("a").doc_md
    assert dag.get_task("b").doc_md == "- **Job** `a-job-b`\n- **Task** `{{ params.b }}`"


def test_another_tasks_output_on_a_page():
    with DAG("d", start_date=START, schedule=None) as dag:
        upstream = BatchComputeSubmitJobOperator(task_id="upstream", job=job())
        group = BatchComputeTaskGroup("g", job({"a": task(ClusterId=upstream.output)}))
    assert "- **Cluster** `{{ task_instance.xcom_pull(task_ids='upstream'" in group["a"].doc_md
    assert serialized(dag)


def test_the_file_is_named_as_it_is_found(tmp_path):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "primes.md.json").write_text(json.dumps(described(Description="Read README.md")))
    here, there = "'jobs/primes.md.json'", "Path(__file__).parent / 'jobs' / 'primes.md.json'"
    (tmp_path / "two.py").write_text(
        "from pathlib import Path\n"
        "from airflow.providers.common.compat.sdk import DAG\n"
        "from airflow_provider_bcs.translator import job_to_dag\n"
        f"here = job_to_dag({here}, dag_id='here')\nthere = job_to_dag({there}, dag_id='there')\n"
    )
    bag = dag_bag(tmp_path)
    assert bag.import_errors == {}
    for dag_id in ("here", "there"):
        assert "- **File** `jobs/primes.md.json`\n" in bag.dags[dag_id].doc_md
        assert str(tmp_path) not in bag.dags[dag_id].doc_md


def test_a_way_of_ones_own():
    dag = job_to_dag(described(), execution=OnThisMachine())
    assert "- **Command** `echo count | wc`" in dag.get_task("count").doc_md
    assert dag.get_task("count").task_display_name == "count (3 instances)"
    assert list(dag.tags) == []
    tagged = type("Tagged", (OnThisMachine,), {"tags": ("own",)})()
    assert list(job_to_dag(described(), execution=tagged).tags) == ["own"]

    class Mapped:
        def operators(self, plan, graph):
            return {name: BashOperator.partial(task_id=name).expand(bash_command=["true"]) for name in plan.nodes}

    assert serialized(job_to_dag(described(), execution=Mapped()))


def test_plain_operators(tmp_path):
    (tmp_path / "job.json").write_text(json.dumps(described()))
    with DAG("plain", start_date=START, schedule=None) as dag:
        BatchComputeSubmitJobOperator(task_id="file", job=str(tmp_path / "job.json"))
        BatchComputeSubmitJobOperator(task_id="template", job="{% include 'x.json' %}")
        BatchComputeSubmitJobOperator(task_id="own", job=job(), doc_md="mine")
        BatchComputeTaskOnDlcOperator(task_id="on_dlc", job=job({"a": task(ClusterId="", AutoCluster=AUTO)}), image="i")
        DlcSubmitJobOperator(task_id="dlc", job=dlc_job(f"train API_TOKEN={SECRET}"))
        BatchComputeTaskOperator(task_id="follow", job_id="job-1")
    dag.resolve_template_files()
    pages = {task_id: fields["doc_md"] for task_id, fields in stored_tasks(dag).items()}
    assert [row[0] for row in rows_of(pages["file"])] == ["split", "count", "merge"]
    assert pages["template"] == "Submit a BatchCompute job and wait until it has ended."
    assert pages["own"] == "mine"
    assert "- **Image** `i`\n- **Machine** `ecs.g6.large`" in pages["on_dlc"]
    assert "- **Command** `train API_TOKEN=***`\n- **Worker** 1 pod" in pages["dlc"]
    assert pages["follow"].startswith("Follow one task of a BatchCompute job, which another Airflow task submits")
    assert SECRET not in json.dumps(pages)


def test_the_page_of_the_documentation():
    nightly = task(
        "python count.py --day {{ ds }}",
        ClusterId="",
        AutoCluster=AUTO,
        InstanceCount=3,
        Timeout=600,
        InputMapping={"oss://bucket/{{ ds }}/in/": "/home/in/"},
        OutputMapping={"/home/out/": "oss://bucket/{{ ds }}/out/"},
    )
    nightly["Parameters"]["Command"]["EnvVars"] = {"MODE": "fast", "DB_PASSWORD": SECRET}
    dag = job_to_dag(job({"count": nightly}, Name="nightly"))
    assert [f"{dag.get_task('count').doc_md}\n"] == blocks("job-files.md", "markdown")


def test_the_pages_are_the_same_at_each_parse():
    # Airflow 3 makes a version of a DAG when what it stores has changed.
    first, second = (json.dumps(serialized(job_to_dag(described()))) for _ in range(2))
    assert first == second


@pytest.mark.usefixtures("airflow_db", "connection")
def test_a_run_has_the_names():
    found = run_dag(job_to_dag(job({"a": task("true", ClusterId="", AutoCluster=AUTO, InstanceCount=2)})))
    (ti,) = found.get_task_instances()
    assert (ti.state, ti.task_id, ti.task_display_name) == ("success", "a", "a (2 instances)")
    assert ti.operator_name == "BatchCompute job"
