"""A cluster that is made for a graph, on real Airflow processes."""

from __future__ import annotations

import pytest

from airflow_provider_bcs.batchcompute import Client
from tests.processes.airflow_processes import Airflow

pytestmark = pytest.mark.processes


def test_a_run_that_is_marked_failed_deletes_its_cluster(airflow: Airflow, client: Client):
    airflow.trigger("own-cluster", "one")
    airflow.wait(lambda: airflow.states("own-cluster", "one").get("b") == "deferred", 240, "the deferral of b")
    (cluster,) = [item for item in client.list_clusters() if item.Name == "own-cluster"]
    assert cluster.State == "Active"
    airflow.fail_run("own-cluster", "one")
    airflow.wait(lambda: cluster.Id not in [item.Id for item in client.list_clusters()], 120, "the cluster's end")
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
