"""Clusters and images over HTTP: statuses, bodies, state machines, restarts."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.batchcompute.clusters import cluster, group, image
from tests.batchcompute.jobs import put
from tests.batchcompute.test_rules import json_values

from .service import Service, job, task, wait_until
from .test_operations import TIME, UNKNOWN

NOT_FOUND = (404, "InvalidResource.NotFound", "Specified resource is not found.")


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Service whose machines never start and are never released."""
    service = Service(tmp_path_factory.mktemp("slow") / "data", "--cluster-delay", "3600")
    yield service
    service.session.close()
    service.end()


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Service whose machines start and are released at once."""
    service = Service(tmp_path_factory.mktemp("quick") / "data", "--cluster-delay", "0")
    yield service
    service.session.close()
    service.end()


def create(service: Service, description: dict[str, Any] | None = None, path: str = "/clusters") -> str:
    response = service.call("POST", path, description or cluster())
    assert response.status_code == 201, response.text
    return str(response.json()["Id"])


def error(response: Any) -> tuple[int, str, str]:
    return response.status_code, response.json()["Code"], response.json()["Message"]


def conflict(state: str) -> tuple[int, str, str]:
    return 409, "StateConflict", f"User operation is invalid. The current resource state is {state}."


def machines(service: Service, cluster_id: str, name: str = "group1") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = service.get(f"/clusters/{cluster_id}/groups/{name}/instances")["Items"]
    return items


def test_life_of_a_cluster(start_service: Callable[..., Service]) -> None:
    service = start_service("--cluster-delay", "0.6")
    cluster_id = create(service, cluster({"group1": group(2), "empty": group(0)}, EnvVars={"A": "1"}))
    assert re.fullmatch(r"cls-[a-z0-9]+", cluster_id)
    seen = []

    def is_ready() -> bool:
        found = service.get(f"/clusters/{cluster_id}")
        seen.append(found["Groups"]["group1"]["ActualVMCount"])
        return seen[-1] == 2

    wait_until(is_ready)
    assert seen[0] == 0
    found = service.get(f"/clusters/{cluster_id}")
    assert found == {
        **dict.fromkeys(("Description", "InstanceType", "Bootstrap", "ErrorCode", "SecurityGroup"), ""),
        **{name: {} for name in ("UserData", "Configs", "InputMapping")},
        "Id": cluster_id,
        "Name": "a-cluster",
        "ImageId": "img-ubuntu",
        "EnvVars": {"A": "1"},
        "Notification": {"Topic": {}},
        "OwnerId": found["OwnerId"],
        "State": "Active",
        "CreationTime": found["CreationTime"],
        "Groups": {
            "group1": {**group(2), "ResourceType": "OnDemand", "ActualVMCount": 2},
            "empty": {**group(0), "ResourceType": "OnDemand", "ActualVMCount": 0},
        },
        "Metrics": {"RunningCount": 2, "StartingCount": 0, "StoppingCount": 0, "StoppedCount": 0},
        "OperationLogs": found["OperationLogs"],
    }
    assert TIME.fullmatch(found["CreationTime"])
    texts = [re.sub(r"^\[[^]]+Z\]|i-\w+", "", line) for line in found["OperationLogs"]]
    assert texts == [
        "Creating cluster successfully",
        "[group1]Creating instance group successfully",
        *["[group1][]Instance created"] * 2,
        "[empty]Creating instance group successfully",
        *["[group1][]Instance is active"] * 2,
    ]
    (first, second) = machines(service, cluster_id)
    assert (first["State"], first["ErrorCode"]) == ("Running", 0)
    assert first["Id"] != second["Id"]
    assert service.get(f"/clusters/{cluster_id}/groups/group1/instances/{first['Id']}") == first
    deleted = service.call("DELETE", f"/clusters/{cluster_id}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    found = service.get(f"/clusters/{cluster_id}")
    assert (found["State"], found["Metrics"]["StoppingCount"]) == ("Deleting", 2)
    wait_until(lambda: service.call("GET", f"/clusters/{cluster_id}").status_code == 404)
    assert service.get("/clusters") == {"NextMarker": "", "Items": []}


def test_states_of_machines(start_service: Callable[..., Service]) -> None:
    service = start_service("--cluster-delay", "2")
    cluster_id = create(service)
    seen: list[str] = []
    old = machines(service, cluster_id)[0]["Id"]

    def until(state: str) -> None:
        def arrived() -> bool:
            found = {item["Id"]: item["State"] for item in machines(service, cluster_id)}
            seen.append(found.get(old, "gone"))
            return seen[-1] == state

        wait_until(arrived)

    until("Running")
    recreated = service.call("POST", f"/clusters/{cluster_id}/groups/group1/instances/{old}/recreate")
    assert (recreated.status_code, recreated.content) == (201, b"")
    assert service.get(f"/clusters/{cluster_id}")["Groups"]["group1"]["DesiredVMCount"] == 1
    for method, suffix in (("DELETE", ""), ("POST", "/recreate")):
        response = service.call(method, f"/clusters/{cluster_id}/groups/group1/instances/{old}{suffix}")
        assert error(response) == conflict("Deleting")
    until("gone")
    assert list(dict.fromkeys(seen)) == ["Pending", "Starting", "Running", "Deleting", "gone"]
    (new,) = machines(service, cluster_id)
    assert new["Id"] != old
    released = service.call("DELETE", f"/clusters/{cluster_id}/groups/group1/instances/{new['Id']}")
    assert (released.status_code, released.content) == (202, b"")
    assert service.get(f"/clusters/{cluster_id}")["Groups"]["group1"]["DesiredVMCount"] == 0
    wait_until(lambda: machines(service, cluster_id) == [])


def test_a_deleting_cluster_refuses(slow: Service) -> None:
    cluster_id = create(slow)
    (machine,) = machines(slow, cluster_id)
    job_id = slow.create(job({"t": task("sleep 60", ClusterId=cluster_id)}))
    slow.call("POST", f"/jobs/{job_id}/stop")
    assert slow.call("DELETE", f"/clusters/{cluster_id}").status_code == 204
    on_it = f"/clusters/{cluster_id}/groups/group1/instances/{machine['Id']}"
    auto = {"ClusterId": cluster_id, "ImageId": "img-ubuntu"}
    for method, path, body in (
        ("DELETE", f"/clusters/{cluster_id}", None),
        ("PUT", f"/clusters/{cluster_id}", {"UserData": {}}),
        ("DELETE", on_it, None),
        ("POST", f"{on_it}/recreate", None),
        ("POST", "/jobs", job({"t": task("true", ClusterId=cluster_id)})),
        ("POST", "/jobs", job({"t": task("true", ClusterId="", AutoCluster=auto)})),
        ("POST", f"/jobs/{job_id}/start", None),
    ):
        assert error(slow.call(method, path, body)) == conflict("Deleting"), (method, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/clusters/cls-x"),
        ("PUT", "/clusters/cls-x"),
        ("DELETE", "/clusters/cls-x"),
        ("GET", "/clusters/cls-x/groups/g/instances"),
        ("GET", "/clusters/{id}/groups/other/instances"),
        ("GET", "/clusters/{id}/groups/group1/instances/i-x"),
        ("DELETE", "/clusters/{id}/groups/group1/instances/i-x"),
        ("POST", "/clusters/{id}/groups/group1/instances/i-x/recreate"),
        ("GET", "/images/img-x"),
        ("DELETE", "/images/img-x"),
        ("GET", f"/jobs/{UNKNOWN}"),
    ],
)
def test_what_is_not_there(slow: Service, method: str, path: str) -> None:
    assert error(slow.call(method, path.replace("{id}", create(slow)), {})) == NOT_FOUND


@pytest.mark.parametrize(
    ("path", "body", "code", "message"),
    [
        ("/clusters", cluster(Name="1"), "InvalidName", "must not start with [0-9]."),
        ("/clusters", {"ImageId": "x"}, "MissingName", "Name is mandatory for this action."),
        ("/clusters", b"{", "InvalidJsonFormat", "The request body has an invalid json format."),
        ("/clusters", [], "InvalidHttpBody", "Its type must be object."),
        ("/clusters?IdempotentToken=%21", cluster(), "InvalidIdempotentToken", "within [a-zA-Z0-9_-]."),
        ("/images", image(EcsImageId=3), "InvalidEcsImageId", "Its type must be string."),
        ("/images", image(Platform=None), "MissingPlatform", "Platform is mandatory for this action."),
        ("/jobs", {"Name": "a", "Type": "App", "App": {}}, "MissingAppName", "AppName is mandatory for this action."),
    ],
)
def test_what_is_refused(slow: Service, path: str, body: Any, code: str, message: str) -> None:
    status, found, text = error(slow.call("POST", path, body))
    assert (status, found) == (400, code)
    assert text.endswith(message)


def test_modify(quick: Service) -> None:
    cluster_id = create(quick, cluster(Configs={"Disks": {"SystemDisk": {"Type": "cloud", "Size": 40}}}))
    mounts = {"Entries": [{"Source": "oss://b/x/", "Destination": "/home/x/"}]}
    change = {
        "Groups": {"group1": {"DesiredVMCount": 3, "InstanceType": "ecs.c5.large"}},
        "UserData": {"a": "b"},
        "ImageId": "m-2",
        "Configs": {"Mounts": mounts},
    }
    response = quick.call("PUT", f"/clusters/{cluster_id}", change)
    assert (response.status_code, response.content) == (200, b"")
    found = quick.get(f"/clusters/{cluster_id}")
    assert found["Groups"]["group1"] == {
        "DesiredVMCount": 3,
        "ActualVMCount": 3,
        "InstanceType": "ecs.c5.large",
        "ResourceType": "OnDemand",
    }
    assert (found["UserData"], found["ImageId"], found["Name"]) == ({"a": "b"}, "m-2", "a-cluster")
    assert found["Configs"] == {"Disks": {"SystemDisk": {"Type": "cloud", "Size": 40}}, "Mounts": mounts}
    for body, code in (
        ({"Groups": {"group1": {"DesiredVMCount": 65537}}}, "InvalidDesiredVMCount"),
        ({"Groups": {"other": {"DesiredVMCount": 1}}}, "InvalidGroups"),
        ({"Name": "x"}, "InvalidName"),
    ):
        assert error(quick.call("PUT", f"/clusters/{cluster_id}", body))[:2] == (400, code)
    assert quick.get(f"/clusters/{cluster_id}") == found


@settings(max_examples=15)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=5))
def test_machines_converge_to_what_is_desired_and_the_oldest_stay(quick: Service, counts: list[int]) -> None:
    cluster_id = create(quick, cluster({"group1": group(counts[0])}))
    before: list[str] = []
    for count in counts:
        quick.call("PUT", f"/clusters/{cluster_id}", {"Groups": {"group1": {"DesiredVMCount": count}}})
        now = [item["Id"] for item in machines(quick, cluster_id)]
        assert len(now) == len(set(now)) == count
        kept = min(len(before), count)
        assert now[:kept] == before[:kept]
        before = now
    quick.call("DELETE", f"/clusters/{cluster_id}")
    assert quick.call("GET", f"/clusters/{cluster_id}").status_code == 404


@settings(max_examples=60)
@given(
    st.sampled_from(["", "Groups", "Groups.group1", "Groups.group1.DesiredVMCount", "Configs", "UserData", "ImageId"]),
    json_values,
)
def test_no_body_makes_the_service_fail(quick: Service, path: str, value: Any) -> None:
    cluster_id = create(quick)
    change = put({}, path, value) if path else value
    assert quick.call("PUT", f"/clusters/{cluster_id}", change).status_code in (200, 400)
    assert quick.get(f"/clusters/{cluster_id}")["State"] == "Active"
    answer = quick.call("POST", "/clusters", put(cluster(), path, value) if path else value)
    assert answer.status_code in (201, 400)
    for each in (cluster_id, answer.json().get("Id")):
        quick.call("DELETE", f"/clusters/{each}")


def test_tokens_and_listings(quick: Service) -> None:
    for path, body, other in (
        ("/clusters", cluster(), cluster(Name="other")),
        ("/images", image(), image(Name="other")),
    ):
        first = create(quick, body, f"{path}?IdempotentToken=same")
        assert create(quick, body, f"{path}?IdempotentToken=same") == first
        assert error(quick.call("POST", f"{path}?IdempotentToken=same", other))[:2] == (400, "IdempotentTokenMismatch")
        ids = [first, *(create(quick, body, path) for _ in range(4))]
        listed: list[str] = []
        marker = ""
        while True:
            answer = quick.get(f"{path}?MaxItemCount=2&Marker={marker}")
            listed += [item["Id"] for item in answer["Items"]]
            marker = answer["NextMarker"]
            if not marker:
                break
        assert len(listed) == len(set(listed))
        assert set(ids) <= set(listed)
        for each in ids:
            quick.call("DELETE", f"{path}/{each}")


def test_images(quick: Service) -> None:
    image_id = create(quick, image(Description="mine", IdempotentToken="in_the_body"), "/images")
    found = quick.get(f"/images/{image_id}")
    assert found == {
        **image(Description="mine"),
        "Id": image_id,
        "OwnerId": found["OwnerId"],
        "Type": "Self",
        "CreationTime": found["CreationTime"],
    }
    assert create(quick, image(Description="mine", IdempotentToken="in_the_body"), "/images") == image_id
    assert [item["Id"] for item in quick.get("/images?Type=Whatever")["Items"]] == [image_id]
    system = {item["Id"]: item for item in quick.get("/images?Type=System")["Items"]}
    assert set(system) == {f"img-{name}{vpc}" for name in ("ubuntu", "centos", "windows") for vpc in ("", "-vpc")}
    assert quick.get("/images/img-windows") == system["img-windows"]
    assert (system["img-windows"]["Platform"], system["img-windows"]["Type"]) == ("Windows", "System")
    assert error(quick.call("DELETE", "/images/img-ubuntu"))[:2] == (403, "Forbidden")
    assert quick.call("DELETE", f"/images/{image_id}").status_code == 204
    assert error(quick.call("GET", f"/images/{image_id}")) == NOT_FOUND


def test_state_survives(start_service: Callable[..., Service]) -> None:
    service = start_service("--cluster-delay", "2")
    leaving, staying = create(service), create(service, path="/clusters?IdempotentToken=kept")
    image_id = create(service, image(), "/images")
    service.call("DELETE", f"/clusters/{leaving}")
    before = machines(service, staying)
    service.end(signal.SIGKILL)
    time.sleep(1.5)
    service.start()
    assert create(service, path="/clusters?IdempotentToken=kept") == staying
    assert [item["Id"] for item in machines(service, staying)] == [item["Id"] for item in before]
    wait_until(lambda: service.call("GET", f"/clusters/{leaving}").status_code == 404)
    wait_until(lambda: service.get(f"/clusters/{staying}")["Groups"]["group1"]["ActualVMCount"] == 1)
    assert service.get(f"/images/{image_id}")["Name"] == "an-image"
