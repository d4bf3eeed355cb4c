"""The operators and the sensor on clusters, and those on jobs that are there already, in real Airflow tasks."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowTaskTimeout

from airflow_provider_bcs.batchcompute import ClusterDescription
from airflow_provider_bcs.batchcompute.cluster.submission import create_cluster
from airflow_provider_bcs.exceptions import InvalidJobError
from airflow_provider_bcs.operators.batchcompute_cluster import (
    BatchComputeCreateClusterOperator,
    BatchComputeDeleteClusterOperator,
    BatchComputeResizeClusterOperator,
    cluster_id_of,
)
from airflow_provider_bcs.operators.batchcompute_job import (
    BatchComputeChangeJobPriorityOperator,
    BatchComputeDeleteJobOperator,
    BatchComputeStartJobOperator,
    BatchComputeStopJobOperator,
)
from airflow_provider_bcs.sensors.batchcompute_cluster import BatchComputeClusterSensor
from airflow_provider_bcs.triggers.batchcompute_cluster import BatchComputeClusterTrigger
from tests.airflow.running import break_xcom, output, run_dag, serialized, states, trigger_events
from tests.batchcompute.clusters import cluster, group
from tests.batchcompute.jobs import job, task
from tests.local.service import wait_until

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")


def dag(name, **kwargs):
    return DAG(name, start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None, **kwargs)


def xcom(found, task_id, key="return_value"):
    (ti,) = [ti for ti in found.get_task_instances() if ti.task_id == task_id]
    return ti.xcom_pull(task_ids=task_id, key=key)


def named(client, name):
    return [item for item in client.list_clusters() if item.Name == name]


@pytest.mark.parametrize("deferrable", [False, True])
def test_create_resize_wait_delete(client, deferrable):
    waiting = {"deferrable": deferrable, "poll_interval": 0.2}
    name = f"whole-{deferrable}"
    with dag("whole", params={"n": 2}) as whole:
        create = BatchComputeCreateClusterOperator(
            task_id="create", cluster=ClusterDescription(cluster(Name=name)), **waiting
        )
        own = cluster_id_of("create")
        resize = BatchComputeResizeClusterOperator(
            task_id="resize", cluster_id=own, groups={"group1": "{{ params.n }}"}, wait_for_ready=deferrable, **waiting
        )
        wait = BatchComputeClusterSensor(task_id="wait", cluster_id=own, poke_interval=0.2, deferrable=deferrable)
        delete = BatchComputeDeleteClusterOperator(task_id="delete", cluster_id=own, wait_for_deletion=True, **waiting)
        create >> resize >> wait >> delete.as_teardown(setups=create)
    assert serialized(whole)
    found = run_dag(whole)
    assert states(found) == dict.fromkeys(["create", "resize", "wait", "delete"], "success")
    assert xcom(found, "create") == xcom(found, "create", "cluster_id")
    assert xcom(found, "create").startswith("cls-")
    assert named(client, name) == []


def test_a_description_is_checked_while_the_dag_file_is_parsed(tmp_path):
    with pytest.raises(InvalidJobError, match=r"The cluster of task c has 1 error.*\n.*MissingName"):
        BatchComputeCreateClusterOperator(task_id="c", cluster={"ImageId": "x", "Groups": {"g": group()}})
    path = tmp_path / "cluster.yaml"
    path.write_text("Name: x\nImageId: x\nGroups: {g: {DesiredVMCount: many}}\n")
    with dag("file"):
        operator = BatchComputeCreateClusterOperator(task_id="c", cluster=path)
    with pytest.raises(InvalidJobError, match=r"cluster.yaml:3: Groups.g.DesiredVMCount: InvalidDesiredVMCount"):
        operator.resolve_template_files()


def test_templates_are_checked_when_they_are_rendered(client, caplog, capfd):
    with dag("templated", params={"name": "1st"}) as templated:
        BatchComputeCreateClusterOperator(task_id="c", cluster=cluster(Name="{{ params.name }}"), retries=2)
    assert states(run_dag(templated)) == {"c": "failed"}
    assert "InvalidName" in output(caplog, capfd)


def test_asking_again_finds_the_same_cluster_and_a_deleted_one_is_made_anew(client):
    owner, seen = {"dag": "d", "run": "again"}, []
    first = create_cluster(client, cluster(), owner, on_created=seen.append)
    assert create_cluster(client, cluster(), owner) == first
    other = create_cluster(client, cluster(Name="other"), owner)
    client.delete_cluster(first)
    second = create_cluster(client, cluster(), owner, on_created=seen.append)
    assert len({first, second, other}) == 3
    assert seen == [first, first, second]
    for each in (second, other):
        client.delete_cluster(each)


@pytest.mark.usefixtures("impatient")
def test_an_interrupted_creation_leaves_one_cluster(client, faults):
    """The service makes it, but no answer ever arrives: what was made is found, and deleted."""
    faults({"operation": "batchcompute.CreateCluster", "kind": "drop-after", "times": 5})
    with dag("interrupted") as interrupted:
        BatchComputeCreateClusterOperator(
            task_id="c",
            cluster=cluster(Name="interrupted"),
            wait_for_ready=False,
            retries=1,
            retry_delay=timedelta(0),
        )
    assert states(run_dag(interrupted)) == {"c": "success"}
    # The try that failed has deleted its own.
    (made,) = (item for item in named(client, "interrupted") if item.State == "Active")
    client.delete_cluster(made)


def test_on_kill_deletes_the_cluster(client):
    operator = BatchComputeCreateClusterOperator(task_id="c", cluster=cluster())
    operator.on_kill()
    made = client.create_cluster(cluster())
    operator._cluster_id = made.Id
    operator.on_kill()
    assert client.get_cluster(made).State == "Deleting"
    operator.on_kill()
    # Killed before the service has said which one it is.
    operator = BatchComputeCreateClusterOperator(task_id="c", cluster=cluster(Name="unknown"))
    owner = {"dag": "d", "run": "killed"}
    operator._creating = cluster(Name="unknown"), owner
    create_cluster(client, cluster(Name="unknown"), owner)
    operator.on_kill()
    assert [item.State for item in named(client, "unknown")] in ([], ["Deleting"])
    # Killed while another one was made after one that was deleted.
    owner = {"dag": "d", "run": "killed-again"}
    operator = BatchComputeCreateClusterOperator(task_id="c", cluster=cluster(Name="second"))
    operator._cluster_id = create_cluster(client, cluster(Name="second"), owner)
    client.delete_cluster(operator._cluster_id)
    create_cluster(client, cluster(Name="second"), owner)
    operator._creating = cluster(Name="second"), owner
    operator.on_kill()
    assert [item.State for item in named(client, "second") if item.State == "Active"] == []


@pytest.mark.usefixtures("impatient")
def test_a_cluster_that_cannot_be_looked_at_is_deleted(client, faults):
    faults({"operation": "batchcompute.GetCluster", "kind": "error-500", "times": 5})
    with dag("unseen") as unseen:
        BatchComputeCreateClusterOperator(task_id="c", cluster=cluster(Name="unseen"))
    assert states(run_dag(unseen)) == {"c": "failed"}
    assert [item.State for item in named(client, "unseen") if item.State == "Active"] == []


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_wait_that_fails_leaves_no_cluster(client, deferrable):
    name = f"late-{deferrable}"
    with dag("late") as late:
        create = BatchComputeCreateClusterOperator(
            task_id="c",
            cluster=cluster({"group1": group(1)}, Name=name),
            deferrable=deferrable,
            poll_interval=0.1,
            execution_timeout=timedelta(seconds=0.4),
        )
        create >> BatchComputeDeleteClusterOperator(task_id="d", cluster_id=cluster_id_of("c")).as_teardown(
            setups=create
        )
    # In Airflow 2 this exception leaves even dag.test().
    with contextlib.suppress(AirflowTaskTimeout):
        # Airflow runs no teardown for a setup that failed.
        assert states(run_dag(late)) == {"c": "failed", "d": "upstream_failed"}
    wait_until(lambda: named(client, name) == [])


def test_a_cluster_that_is_deleted_meanwhile(client, caplog, capfd):
    made = client.create_cluster(cluster())
    client.delete_cluster(made)
    with dag("deleted") as deleted:
        BatchComputeClusterSensor(task_id="deleting", cluster_id=made.Id, poke_interval=0.2)
        BatchComputeClusterSensor(task_id="unknown", cluster_id="cls-nobody", poke_interval=0.2, soft_fail=True)
        BatchComputeClusterSensor(task_id="none", cluster_id="{{ None }}", poke_interval=0.2)
        BatchComputeDeleteClusterOperator(task_id="again", cluster_id=made.Id)
        BatchComputeDeleteClusterOperator(task_id="nobody", cluster_id="cls-nobody", wait_for_deletion=True)
        BatchComputeDeleteClusterOperator(task_id="nothing", cluster_id="{{ None }}")
    assert states(run_dag(deleted)) == {
        "deleting": "failed",
        "unknown": "skipped",
        "none": "failed",
        "again": "success",
        "nobody": "success",
        "nothing": "success",
    }
    # It may be gone by the first look.
    log = output(caplog, capfd)
    assert f"Cluster {made.Id} is Deleting;" in log or f"cluster {made.Id} does not exist, or was deleted" in log


def test_jobs_on_the_cluster_are_stopped(client):
    made = client.create_cluster(cluster())
    jobs = [client.create_job(job({"a": task(f"sleep {600 + n}", ClusterId=made.Id)})) for n in range(2)]
    other = client.create_job(job({"a": task("sleep 600")}))
    with dag("stops") as stops:
        BatchComputeDeleteClusterOperator(task_id="d", cluster_id=made.Id, stop_jobs=True)
    assert states(run_dag(stops)) == {"d": "success"}
    assert [client.get_job(each).State for each in jobs] == ["Stopped", "Stopped"]
    assert not client.get_job(other).is_terminal
    client.stop_job(other)


def test_the_trigger(client):
    made = client.create_cluster(cluster())
    assert trigger_events(BatchComputeClusterTrigger(made.Id, poll_interval=0.1)) == [
        {"cluster_id": made.Id, "state": "Ready"}
    ]
    client.delete_cluster(made)
    assert trigger_events(BatchComputeClusterTrigger(made.Id, gone=True, poll_interval=0.1)) == [
        {"cluster_id": made.Id, "state": "Gone"}
    ]
    path, arguments = BatchComputeClusterTrigger(made.Id, gone=True, deadline=5.0).serialize()
    assert BatchComputeClusterTrigger(**arguments).serialize() == (path, arguments)


def test_operators_on_a_job(client):
    submitted = client.create_job(job({"a": task("sleep 600")}))
    with dag("acts", params={"priority": 77}) as acts:
        steps = [
            BatchComputeStopJobOperator(task_id="stop", job_id=submitted.Id),
            BatchComputeChangeJobPriorityOperator(
                task_id="priority", job_id=submitted.Id, priority="{{ params.priority }}"
            ),
            BatchComputeStartJobOperator(task_id="start", job_id=submitted.Id),
            BatchComputeStartJobOperator(task_id="start_again", job_id=submitted.Id),
            BatchComputeDeleteJobOperator(task_id="too_early", job_id=submitted.Id),
        ]
        for before, after in pairwise(steps):
            before >> after
        BatchComputeStartJobOperator(task_id="nothing", job_id="{{ None }}")
    assert serialized(acts)
    expected = dict.fromkeys((step.task_id for step in steps), "success")
    assert states(run_dag(acts)) == {**expected, "too_early": "failed", "nothing": "failed"}
    assert client.get_job(submitted).Priority == 77
    with dag("ends") as ends:
        delete = BatchComputeDeleteJobOperator(task_id="delete", job_id=submitted.Id, stop=True)
        delete >> BatchComputeDeleteJobOperator(task_id="again", job_id=submitted.Id)
    assert states(run_dag(ends)) == {"delete": "success", "again": "success"}
    assert submitted.Id not in [item.Id for item in client.list_jobs()]


def test_a_job_is_started_though_the_answer_is_lost(client, faults):
    submitted = client.create_job(job({"a": task("sleep 600")}))
    client.stop_job(submitted)
    faults({"operation": "batchcompute.StartJob", "kind": "drop-after", "times": 1})
    with dag("lost") as lost:
        BatchComputeStartJobOperator(task_id="start", job_id=submitted.Id)
    assert states(run_dag(lost)) == {"start": "success"}
    assert not client.get_job(submitted).is_terminal
    client.stop_job(submitted)


def test_a_finished_job_cannot_be_started(client):
    submitted = client.create_job(job({"a": task("true")}))
    wait_until(lambda: client.get_job(submitted).is_terminal)
    with dag("finished") as finished:
        BatchComputeStartJobOperator(task_id="start", job_id=submitted.Id)
    assert states(run_dag(finished)) == {"start": "failed"}


def test_a_cluster_whose_id_cannot_be_pushed_is_named_and_deleted(client, monkeypatch, caplog, capfd):
    break_xcom(monkeypatch, "cluster_id")
    with dag("cluster_no_xcom") as graph:
        BatchComputeCreateClusterOperator(task_id="create", cluster=cluster(Name="no-xcom"), poll_interval=0.1)
    assert states(run_dag(graph)) == {"create": "failed"}
    assert [item.State for item in named(client, "no-xcom")] in ([], ["Deleting"])
    assert "This task's cluster is cls-" in output(caplog, capfd)
