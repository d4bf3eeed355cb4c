"""The operations on clusters and images, over real HTTP against the local service."""

from __future__ import annotations

import re
from pathlib import Path

import pendulum
import pytest

from airflow_provider_bcs.batchcompute import ClusterDescription, ImageDescription
from airflow_provider_bcs.exceptions import InvalidRequestError, NotFoundError, StateConflictError
from tests.batchcompute.clusters import cluster, group, image
from tests.local.service import wait_until


@pytest.fixture
def ready(client):
    created = client.create_cluster(ClusterDescription(cluster({"one": group(1), "two": group(2)})))
    wait_until(lambda: client.get_cluster(created).is_ready)
    return created


def test_the_life_of_a_cluster(client, ready):
    found = client.get_cluster(ready)
    assert (found.Id, found.Name, found.State, found.outcome) == (ready.Id, "a-cluster", "Active", "Ready")
    assert found.progress == "Active; machines: one: 1 of 1, two: 2 of 2"
    assert found.CreationTime <= pendulum.now("UTC")
    assert found.Groups["two"].InstanceType == "ecs.sn1ne.large"
    assert found.Metrics.RunningCount == 3
    assert ready.Id in [item.Id for item in client.list_clusters(page_size=1)]
    client.delete_cluster(ready)
    assert client.get_cluster(ready).outcome == "Deleting"
    with pytest.raises(StateConflictError, match="Deleting"):
        client.delete_cluster(ready)
    wait_until(lambda: ready.Id not in [item.Id for item in client.list_clusters()])
    with pytest.raises(NotFoundError):
        client.get_cluster(ready)


def test_changes(client, ready):
    client.change_cluster_desired_vm_count(ready, one=3, two=0)
    found = client.get_cluster(ready)
    assert {name: each.DesiredVMCount for name, each in found.Groups.items()} == {"one": 3, "two": 0}
    assert (found.is_ready, found.outcome) == (False, None)
    client.change_cluster_instance_type(ready, "one", "ecs.c5.large")
    client.change_cluster_spot_config(ready, "one", "SpotWithPriceLimit", 0.5)
    client.change_cluster_user_data(ready, {"a": "b"})
    client.change_cluster_env_vars(ready, {"A": "B"})
    client.change_cluster_input_mapping(ready, {"oss://b/in/": "/home/in/"})
    client.change_cluster_mounts(ready, {"Entries": [{"Source": "oss://b/x/", "Destination": "/home/x/"}]})
    client.modify_cluster(ready, {"ImageId": "m-2"})
    found = client.get_cluster(ready)
    one = found.Groups["one"]
    assert (one.InstanceType, one.SpotStrategy, one.SpotPriceLimit) == ("ecs.c5.large", "SpotWithPriceLimit", 0.5)
    assert (found.UserData, found.EnvVars, found.ImageId) == ({"a": "b"}, {"A": "B"}, "m-2")
    assert found["InputMapping"] == {"oss://b/in/": "/home/in/"}
    assert found.Configs["Mounts"]["Entries"][0]["Source"] == "oss://b/x/"
    with pytest.raises(InvalidRequestError, match=r"InvalidDesiredVMCount: .* It must be in \[1, 65536\]"):
        client.change_cluster_desired_vm_count(ready, one=70000)


def test_machines(client, ready):
    first, second = client.list_cluster_instances(ready, "two", page_size=1)
    assert client.get_cluster_instance(ready, "two", first).State == "Running"
    client.recreate_cluster_instance(ready, "two", first)
    with pytest.raises(StateConflictError):
        client.recreate_cluster_instance(ready, "two", first)
    client.delete_cluster_instance(ready, "two", second.Id)
    assert client.get_cluster(ready).Groups["two"].DesiredVMCount == 1
    wait_until(lambda: client.get_cluster(ready).is_ready)
    (left,) = [item for item in client.list_cluster_instances(ready, "two") if item.State == "Running"]
    assert left.Id not in (first.Id, second.Id)


@pytest.mark.parametrize("operation", ["CreateCluster", "DeleteCluster", "RecreateClusterInstance", "ModifyCluster"])
def test_a_lost_answer_does_nothing_twice(client, ready, faults, operation):
    (machine,) = client.list_cluster_instances(ready, "one")
    faults({"operation": f"batchcompute.{operation}", "kind": "drop-after", "times": 1})
    before = len(list(client.list_clusters()))
    if operation == "CreateCluster":
        client.create_cluster(cluster())
        assert len(list(client.list_clusters())) == before + 1
    elif operation == "DeleteCluster":
        client.delete_cluster(ready)
    elif operation == "ModifyCluster":
        client.change_cluster_desired_vm_count(ready, one=2)
        assert len(list(client.list_cluster_instances(ready, "one"))) == 2
    else:
        client.recreate_cluster_instance(ready, "one", machine)
        assert len([item for item in client.list_cluster_instances(ready, "one") if item.State == "Pending"]) == 1


def test_images(client):
    created = client.create_image(ImageDescription(image()), token="an_image")
    assert client.create_image(image(IdempotentToken="an_image")).Id == created.Id
    assert client.get_image(created).EcsImageId == "m-28ega"
    assert created.Id in [item.Id for item in client.list_images()]
    assert len(list(client.list_images("System", page_size=4))) == 6
    client.delete_image(created)
    with pytest.raises(NotFoundError):
        client.delete_image(created)


def test_what_can_be_had(client):
    quotas, available = client.get_quotas(), client.get_available_resource()
    assert quotas.AvailableClusterResourceType == ["OnDemand", "Spot", "PrePaid"]
    sizes = {item.InstanceType: (item.CpuCore, item.MemorySize) for item in available.AvailableClusterInstanceType}
    assert sizes["ecs.g5.2xlarge"] == (8, 32)
    assert sizes["ecs.sn1ne.large"] == (2, 4)
    assert set(sizes) == set(quotas.AvailableClusterInstanceType)
    assert available.AvailableSpotInstanceType[0].Network.Vpc is True


def test_the_quotas_name_each_machine_of_the_examples(client):
    known = client.get_quotas().AvailableClusterInstanceType
    root = Path(__file__).parents[2]
    files = [*(root / "docs").rglob("*.md"), *(root / "example_dags").rglob("*.json")]
    named = {name for file in files for name in re.findall(r'"InstanceType": "([^"]+)"', file.read_text())}
    assert len(named) >= 1
    assert named <= set(known)
