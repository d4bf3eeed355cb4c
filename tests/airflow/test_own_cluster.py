"""A graph on a cluster of its own: made before, deleted after, whatever becomes of the tasks."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from airflow.providers.common.compat.sdk import DAG, task_group
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_bcs.exceptions import InvalidJobError
from airflow_provider_bcs.translator import BatchComputeTaskGroup, JobPerTask, SingleJob, job_to_dag, task_group_to_job
from tests.airflow.running import Nothing, run_dag, serialized, states
from tests.batchcompute.clusters import cluster, group
from tests.batchcompute.jobs import graphs, job, put, task
from tests.local.service import wait_until

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")

AUTO = {"ImageId": "img-ubuntu", "InstanceType": "ecs.sn1ne.large"}
CHAIN = {"a": ["b"], "b": ["c"]}


def graph(name, middle="true"):
    commands = {"a": "true", "b": middle, "c": "true"}
    tasks = {name: task(command, ClusterId="", AutoCluster=AUTO) for name, command in commands.items()}
    return job(tasks, CHAIN, Name=name)


def translated(name, middle="true", way=JobPerTask):
    execution = way(cluster=cluster(Name=name))
    return job_to_dag(graph(name, middle), execution=execution, operator_args={"poll_interval": 0.2})


def clusters_called(client, name):
    return [item for item in client.list_clusters() if item.Name == name]


def tasks_of_jobs(client, name):
    """Return the tasks, as submitted, of all jobs whose name begins so."""
    jobs = [item for item in client.list_jobs() if item.Name.startswith(name)]
    return [each for item in jobs for each in client.get_job_description(item).DAG.Tasks.values()]


@pytest.mark.parametrize(
    ("way", "count", "more"),
    [(JobPerTask, 3, []), (SingleJob, 3, ["submit", "stop"])],
)
@pytest.mark.parametrize(("middle", "end"), [("true", "success"), ("false", "failed")])
def test_all_tasks_run_on_one_cluster_that_is_deleted(client, way, count, more, middle, end):
    name = f"own-{way.__name__}-{end}"
    dag = translated(name, middle, way)
    assert serialized(dag)
    found = run_dag(dag)
    assert found.state == end
    assert states(found) == {
        **dict.fromkeys(["create_cluster", "a", "delete_cluster", *more], "success"),
        "b": end,
        "c": "success" if end == "success" else "upstream_failed",
    }
    (ti,) = [ti for ti in found.get_task_instances() if ti.task_id == "create_cluster"]
    cluster_id = ti.xcom_pull(task_ids="create_cluster")
    submitted = tasks_of_jobs(client, name)
    assert len(submitted) == (count if end == "success" or way is SingleJob else 2)
    assert {(each.ClusterId, each.AutoCluster.InstanceType) for each in submitted} == {(cluster_id, None)}
    wait_until(lambda: clusters_called(client, name) == [])


@given(graphs(max_tasks=10), st.sampled_from([JobPerTask, SingleJob]))
def test_every_task_is_between_the_two_and_its_edges_stay(description, way):
    plain = job_to_dag(description, execution=way())
    dag = job_to_dag(description, execution=way(cluster=cluster()))
    around = {"create_cluster", "delete_cluster"}
    assert set(dag.task_dict) == set(plain.task_dict) | around
    for name in plain.task_dict:
        found = dag.get_task(name)
        assert found.upstream_task_ids - around == plain.get_task(name).upstream_task_ids
        assert {"create_cluster"} <= found.get_flat_relative_ids(upstream=True)
        assert {"delete_cluster"} <= found.get_flat_relative_ids(upstream=False)


def test_a_cluster_for_each_element_of_a_list(client):
    with DAG("each", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None) as dag:

        @task_group
        def each(word):
            BatchComputeTaskGroup(
                "g",
                job({"a": put(task("true"), "Parameters.Command.EnvVars", {"WORD": word})}, Name="each"),
                execution=JobPerTask(cluster=cluster({"g": group(0)}, Name="each-{{ ti.map_index }}")),
                operator_args={"poll_interval": 0.2},
            )

        each.expand(word=["x", "y"])
    found = run_dag(dag)
    assert {str(ti.state) for ti in found.get_task_instances()} == {"success"}
    assert len(found.get_task_instances()) == 6
    assert len({one.ClusterId for one in tasks_of_jobs(client, "each")}) == 2


def test_edges_setup_and_teardown():
    dag = translated("edges")
    create, delete = dag.get_task("create_cluster"), dag.get_task("delete_cluster")
    assert (create.is_setup, delete.is_teardown) == (True, True)
    assert create.downstream_task_ids == {"a", "delete_cluster"}
    assert delete.upstream_task_ids == {"c", "create_cluster"}
    assert dag.get_task("b").upstream_task_ids == {"a"}
    # What Airflow clears together with one task: the cluster is made, and deleted, anew.
    subset = dag.partial_subset(["c"], include_upstream=False, include_downstream=True)
    assert {"create_cluster", "c", "delete_cluster"} <= set(subset.task_dict)
    one = translated("one", way=SingleJob)
    assert one.get_task("create_cluster").downstream_task_ids == {"submit", "delete_cluster"}
    assert one.get_task("delete_cluster").upstream_task_ids == {"create_cluster", "stop"}


@pytest.mark.parametrize(("given", "made"), [({}, 3), ({"retries": 0}, 3), ({"retries": 5}, 5)])
@pytest.mark.parametrize("where", ["operator_args", "default_args"])
def test_the_two_have_retries_of_their_own(where, given, made):
    dag = job_to_dag(graph("retried"), execution=JobPerTask(cluster=cluster()), **{where: given})
    retries = {task.task_id: task.retries for task in dag.tasks}
    of_jobs = given.get("retries", 0)
    assert retries == {"create_cluster": made, "delete_cluster": made, "a": of_jobs, "b": of_jobs, "c": of_jobs}


def test_a_cluster_that_cannot_be_made_runs_nothing(client):
    dag = job_to_dag(graph("unmade"), execution=JobPerTask(cluster=cluster(Name="{{ '1' }}")))
    found = run_dag(dag)
    assert found.state == "failed"
    assert set(states(found).values()) == {"failed", "upstream_failed"}
    assert tasks_of_jobs(client, "unmade") == []


def test_groups_have_a_cluster_each_and_tasks_may_be_called_like_the_two(client):
    with DAG("two", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None) as dag:
        groups = [
            BatchComputeTaskGroup(
                name,
                job({"create_cluster": task("true")}, Name=f"two-{name}"),
                execution=JobPerTask(cluster=cluster({"g": group(0)}, Name=f"two-{name}")),
                operator_args={"poll_interval": 0.2},
            )
            for name in ("x", "y")
        ]
        groups[0] >> groups[1] >> Nothing(task_id="last")
    found = run_dag(dag)
    assert states(found) == {
        **{
            f"{name}.{each}": "success"
            for name in ("x", "y")
            for each in ("create_cluster_job", "create_cluster", "delete_cluster")
        },
        "last": "success",
    }
    # Only the tasks themselves are waited for.
    assert dag.get_task("last").upstream_task_ids == {"y.create_cluster"}
    assert len({each.ClusterId for name in ("x", "y") for each in tasks_of_jobs(client, f"two-{name}")}) == 2


def test_mounts_move_from_the_autocluster_to_the_task():
    mounts = {"Entries": [{"Source": "oss://bucket/x/", "Destination": "/home/x/"}]}
    auto = {**AUTO, "Configs": {"Mounts": mounts}}
    own = {"Entries": [{"Source": "oss://bucket/y/", "Destination": "/home/y/"}]}
    description = job(
        {"a": task(ClusterId="", AutoCluster=auto), "b": task(ClusterId="", AutoCluster=auto, Mounts=own)}
    )
    dag = job_to_dag(description, "mounts", execution=JobPerTask(cluster=cluster()))
    moved = [dag.get_task(name).job["DAG"]["Tasks"][name] for name in ("a", "b")]
    assert [each["Mounts"] for each in moved] == [mounts, own]
    assert ["AutoCluster" in each for each in moved] == [False, False]


def test_what_the_group_was_made_of_is_kept():
    with DAG("kept", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None):
        made = BatchComputeTaskGroup("g", graph("kept"), execution=JobPerTask(cluster=cluster()))
    assert made.job_description == graph("kept")
    back = task_group_to_job(made)
    assert back["DAG"]["Dependencies"] == CHAIN
    assert "xcom_pull" in back["DAG"]["Tasks"]["a"]["ClusterId"]


def test_errors():
    with pytest.raises(InvalidJobError, match=r"The cluster of task create_cluster .*\n.*MissingGroups"):
        job_to_dag(graph("wrong"), execution=JobPerTask(cluster={"Name": "x", "ImageId": "x"}))
    with pytest.raises(ValueError, match=r"DAG\.Tasks\.a: found a template; expected an object"):
        job_to_dag(job({"a": "{{ params.a }}"}), execution=JobPerTask(cluster=cluster()))


def test_the_two_take_arguments_of_their_own_and_none_that_are_for_tasks():
    dag = job_to_dag(
        graph("own"),
        execution=JobPerTask(cluster=cluster()),
        operator_args={"trigger_rule": "all_done", "log_lines": 3, "pool": "big"},
        task_args={"create_cluster": {"retries": 7}},
    )
    create, delete = dag.get_task("create_cluster"), dag.get_task("delete_cluster")
    assert (create.trigger_rule, create.retries, create.pool, delete.pool) == ("all_success", 7, "big", "big")
    assert delete.trigger_rule == "all_done_setup_success"
    with pytest.raises(ValueError, match=r"operator_args: found 'cluster_id'; the execution itself sets"):
        job_to_dag(graph("own"), execution=JobPerTask(cluster=cluster()), operator_args={"cluster_id": "x"})
