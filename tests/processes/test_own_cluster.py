"""A cluster that is made for a graph, on real Airflow processes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from airflow_provider_bcs.batchcompute import Client, Cluster
from tests.local.service import Service
from tests.processes.airflow_processes import Airflow

pytestmark = pytest.mark.processes


def clusters_called(client: Client, name: str) -> list[Cluster]:
    return [item for item in client.list_clusters() if item.Name == name]


def test_a_run_that_is_marked_failed_deletes_its_cluster(airflow: Airflow, client: Client):
    airflow.trigger("own-cluster", "one")
    airflow.wait(lambda: airflow.states("own-cluster", "one").get("b") == "deferred", 240, "the deferral of b")
    (cluster,) = clusters_called(client, "own-cluster")
    assert cluster.State == "Active"
    airflow.fail_run("own-cluster", "one")
    airflow.wait(lambda: not clusters_called(client, "own-cluster"), 120, "the cluster's end")
    # The job that nobody waits for any more does not go on either.
    assert {item.Name: item.State for item in client.list_jobs(cluster_id=cluster.Id)} == {
        "own-cluster-a": "Finished",
        "own-cluster-b": "Stopped",
    }
    airflow.wait(lambda: airflow.run_state("own-cluster", "one") in ("success", "failed"), 60, "the run's end")
    assert airflow.states("own-cluster", "one") == {
        "create_cluster": "success",
        "a": "success",
        "b": "failed",
        "c": "skipped",
        "delete_cluster": "success",
    }


def test_a_cluster_whose_workers_are_killed_is_found_again_and_deleted(
    airflow: Airflow, service: Service, client: Client, faults: Callable[..., None]
):
    """Both that of the setup, while the service is making the cluster, and that of a task which runs on it."""

    def asked() -> int:
        counts: dict[str, int] = requests.get(f"{service.url}/_local/requests", timeout=10).json()
        return counts.get("batchcompute.CreateCluster", 0)

    before = asked()
    faults({"operation": "batchcompute.CreateCluster", "kind": "slow", "seconds": 10, "times": 1})
    airflow.trigger("lost-workers", "one")
    airflow.wait(lambda: asked() > before, 120, "the request for a cluster")
    airflow.kill_worker("lost-workers", "one", "create_cluster")
    assert clusters_called(client, "lost-workers") == []
    airflow.wait(lambda: bool(clusters_called(client, "lost-workers")), 60, "the cluster that nobody knows")
    (made,) = clusters_called(client, "lost-workers")

    def job_states() -> list[str]:
        return [item.State for item in client.list_jobs(cluster_id=made.Id)]

    airflow.wait(lambda: job_states() == ["Running"], 240, "the job")
    assert [item.Id for item in clusters_called(client, "lost-workers")] == [made.Id]
    airflow.kill_worker("lost-workers", "one", "a")
    airflow.wait(lambda: not clusters_called(client, "lost-workers"), 240, "the cluster's end")
    assert job_states() == ["Stopped"]
    airflow.wait(lambda: airflow.run_state("lost-workers", "one") == "failed", 60, "the run's end")
    assert airflow.states("lost-workers", "one") == {
        "create_cluster": "success",
        "a": "failed",
        "b": "upstream_failed",
        "delete_cluster": "success",
    }
