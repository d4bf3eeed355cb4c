"""Operations on jobs over HTTP: statuses, bodies, listings, tokens, and legal states."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from .service import Service, job, task, wait_until

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
UNKNOWN = "job-" + "0" * 32
ENDLESS = "sleep 60"
ZEROS = ("WaitingCount", "RunningCount", "FinishedCount", "FailedCount", "StoppedCount")


def stopped(service: Service, description: dict[str, Any] | None = None) -> str:
    job_id = service.create(description or job(ENDLESS))
    assert service.call("POST", f"/jobs/{job_id}/stop").status_code == 201
    return job_id


def test_life_of_a_job(service: Service) -> None:
    description = job({"a": task("true", 2), "b": task("true")}, {"a": ["b"]}, Name="n", Priority=7)
    response = service.call("POST", "/jobs", description)
    assert response.status_code == 201
    assert response.headers["x-acs-version"] == "2015-11-11"
    assert response.headers["x-acs-request-id"]
    assert response.headers["Date"]
    assert response.headers["Content-Type"] == "application/json"
    job_id = response.json()["Id"]
    assert re.fullmatch(r"job-[0-9A-F]{32}", job_id)
    done = service.wait(job_id)
    assert done == {
        "Id": job_id,
        "Name": "n",
        "OwnerId": done["OwnerId"],
        "Priority": 7,
        "State": "Finished",
        "Message": "",
        "CreationTime": done["CreationTime"],
        "StartTime": done["StartTime"],
        "EndTime": done["EndTime"],
        "TaskMetrics": {**dict.fromkeys(ZEROS, 0), "FinishedCount": 2},
        "InstanceMetrics": {**dict.fromkeys(ZEROS, 0), "FinishedCount": 3},
    }
    assert type(done["OwnerId"]) is int
    assert all(TIME.fullmatch(done[name]) for name in ("CreationTime", "StartTime", "EndTime"))
    assert done["CreationTime"] <= done["StartTime"] <= done["EndTime"]
    first = service.get(f"/jobs/{job_id}/tasks/a")
    second = service.get(f"/jobs/{job_id}/tasks/b")
    assert first["EndTime"] <= second["StartTime"]
    assert service.get(f"/jobs/{job_id}/tasks") == {"NextMarker": "", "Items": [first, second]}
    instance = service.instance(job_id, "a", 1)
    assert instance == {
        "InstanceId": 1,
        "State": "Finished",
        "StartTime": instance["StartTime"],
        "EndTime": instance["EndTime"],
        "RetryCount": 0,
        "Progress": 100,
        "NodeIp": "127.0.0.1",
        "StdoutRedirectPath": f"oss://logs/stdout.{job_id}.a.1",
        "StderrRedirectPath": f"oss://logs/stderr.{job_id}.a.1",
        "Result": {"ExitCode": 0, "ErrorCode": "", "ErrorMessage": "", "Detail": ""},
    }
    deleted = service.call("DELETE", f"/jobs/{job_id}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert service.call("GET", f"/jobs/{job_id}").status_code == 404


def test_description_has_its_defaults(service: Service) -> None:
    description = job({"a": task("true"), "b": task("true", Timeout=5)}, {"a": ["b"]}, Description=None)
    job_id = stopped(service, description)
    found = service.get(f"/jobs/{job_id}?description")
    assert found["Id"] == job_id
    assert found["Notification"] == {"Topic": {}}
    assert (found["Priority"], found["JobFailOnInstanceFail"], found["AutoRelease"]) == (0, True, False)
    assert found["Description"] == ""
    assert found["DAG"]["Dependencies"] == {"a": ["b"]}
    assert found["DAG"]["Tasks"]["b"]["Timeout"] == 5
    first = found["DAG"]["Tasks"]["a"]
    assert (first["Timeout"], first["MaxRetryCount"], first["AutoCluster"]) == (259200, 0, {})
    assert first["Parameters"]["Command"] == {"CommandLine": "true", "PackagePath": "", "EnvVars": {}}
    assert service.call("PUT", f"/jobs/{job_id}", {"Priority": 500}).status_code == 200
    assert service.get(f"/jobs/{job_id}?description")["Priority"] == 500
    assert service.get(f"/jobs/{job_id}")["Priority"] == 500


OPERATIONS: dict[str, tuple[str, str, Any, int]] = {
    "stop": ("POST", "/stop", None, 201),
    "start": ("POST", "/start", None, 201),
    "priority": ("PUT", "", {"Priority": 3}, 200),
    "delete": ("DELETE", "", None, 204),
}
LEGAL = {
    "Waiting": {"stop"},
    "Running": {"stop"},
    "Finished": {"delete"},
    "Failed": {"start", "priority", "delete"},
    "Stopped": {"start", "priority", "delete"},
}


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Service that runs one instance at a time, so that a second job waits."""
    service = Service(tmp_path_factory.mktemp("busy") / "data", "--max-instances", "1")
    yield service
    service.session.close()
    service.end()


def in_state(service: Service, state: str) -> str:
    if state in ("Finished", "Failed"):
        job_id = service.create(job("true" if state == "Finished" else "false"))
        service.wait(job_id)
    elif state == "Stopped":
        job_id = stopped(service)
    else:
        job_id = service.create(job(ENDLESS))
        wait_until(lambda: service.state(job_id) == "Running")
        if state == "Waiting":
            job_id = service.create(job("true"))
    assert service.state(job_id) == state
    return job_id


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("state", LEGAL)
def test_state_rules(busy: Service, state: str, operation: str) -> None:
    job_id = in_state(busy, state)
    method, suffix, body, success = OPERATIONS[operation]
    response = busy.call(method, f"/jobs/{job_id}{suffix}", body)
    if operation in LEGAL[state]:
        assert (response.status_code, response.content) == (success, b"")
    else:
        assert response.status_code == 409
        assert response.json() == {
            "Code": "StateConflict",
            "Message": f"User operation is invalid. The current resource state is {state}.",
        }
    for running in busy.get("/jobs?State=Waiting")["Items"] + busy.get("/jobs?State=Running")["Items"]:
        busy.call("POST", f"/jobs/{running['Id']}/stop")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/jobs/{UNKNOWN}"),
        ("GET", f"/jobs/{UNKNOWN}?description"),
        ("PUT", f"/jobs/{UNKNOWN}"),
        ("DELETE", f"/jobs/{UNKNOWN}"),
        ("POST", f"/jobs/{UNKNOWN}/start"),
        ("POST", f"/jobs/{UNKNOWN}/stop"),
        ("GET", f"/jobs/{UNKNOWN}/tasks"),
        ("GET", f"/jobs/{UNKNOWN}/tasks/t"),
        ("GET", f"/jobs/{UNKNOWN}/tasks/t/instances"),
        ("GET", f"/jobs/{UNKNOWN}/tasks/t/instances/0"),
        ("GET", "/nothing"),
        ("GET", "/jobs/"),
    ],
)
def test_unknown_resources(service: Service, method: str, path: str) -> None:
    response = service.call(method, path, {"Priority": 1} if method == "PUT" else None)
    assert response.status_code == 404
    assert response.json() == {"Code": "InvalidResource.NotFound", "Message": "Specified resource is not found."}


def test_unknown_tasks_and_instances(service: Service) -> None:
    job_id = stopped(service)
    for rest in ("tasks/u", "tasks/u/instances", "tasks/t/instances/1", "tasks/t/instances/00", "tasks/t/instances/x"):
        assert service.call("GET", f"/jobs/{job_id}/{rest}").status_code == 404


def test_known_path_with_another_method(service: Service) -> None:
    response = service.call("DELETE", "/jobs")
    assert (response.status_code, response.json()["Code"]) == (400, "MethodNotAllowed")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "InvalidJsonFormat"),
        (b"\xff", "InvalidJsonFormat"),
        (b"", "InvalidJsonFormat"),
        (b'{"Name": NaN}', "InvalidJsonFormat"),
        (b"[" * 100_000, "InvalidJsonFormat"),
        (b"[]", "InvalidHttpBody"),
        (b"{}" + b" " * 256 * 1024, "InvalidHttpBody"),
        (b'{"Name": "a", "Type": "App"}', "MissingApp"),
    ],
)
def test_bad_bodies(service: Service, body: bytes, code: str) -> None:
    response = service.call("POST", "/jobs", body)
    assert (response.status_code, response.json()["Code"]) == (400, code)


def test_only_the_first_violation_is_answered(service: Service) -> None:
    response = service.call("POST", "/jobs", {**job("x" * 1025), "Name": 1})
    assert response.json() == {
        "Code": "InvalidName",
        "Message": "Specified parameter Name is not valid. Its type must be string.",
    }


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({}, "MissingPriority", "Priority is mandatory for this action."),
        ({"Priority": "1"}, "InvalidPriority", "Specified parameter Priority is not valid. Its type must be integer."),
        ({"Priority": True}, "InvalidPriority", "Specified parameter Priority is not valid. Its type must be integer."),
        ({"Priority": 1001}, "InvalidPriority", "Specified parameter Priority is not valid. It must be in [0, 1000]."),
    ],
)
def test_bad_priorities(service: Service, body: Any, code: str, message: str) -> None:
    response = service.call("PUT", f"/jobs/{stopped(service)}", body)
    assert (response.status_code, response.json()) == (400, {"Code": code, "Message": message})


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("MaxItemCount=x", "InvalidMaxItemCount"),
        ("MaxItemCount=101", "InvalidMaxItemCount"),
        ("MaxItemCount=-1", "InvalidMaxItemCount"),
        ("State=Done", "InvalidState"),
        ("OrderBy=Name", "InvalidOrderBy"),
        ("IsReverse=maybe", "InvalidIsReverse"),
        ("Marker=x", "InvalidMarker"),
    ],
)
def test_bad_listing_parameters(service: Service, query: str, code: str) -> None:
    response = service.call("GET", f"/jobs?{query}")
    assert (response.status_code, response.json()["Code"]) == (400, code)


def pages(service: Service, path: str, query: str, between: Callable[[], object] = lambda: None) -> list[Any]:
    items: list[Any] = []
    marker = ""
    while True:
        page = service.get(f"{path}?{query}&Marker={quote(marker, safe='')}")
        items += page["Items"]
        marker = page["NextMarker"]
        if not marker:
            return items
        between()


@pytest.mark.parametrize(
    "query", ["", "&OrderBy=CreationTime", "&OrderBy=Id", "&IsReverse=True", "&OrderBy=Id&IsReverse=true"]
)
def test_paging_is_stable(service: Service, query: str) -> None:
    cluster = f"cls-page-{quote(query, safe='').replace('%', '_')}"[:64]
    kept = [stopped(service, job({"t": task(ENDLESS, ClusterId=cluster)})) for _ in range(7)]
    doomed = [stopped(service, job({"t": task(ENDLESS, ClusterId=cluster)})) for _ in range(3)]

    def disturb() -> None:
        stopped(service, job({"t": task(ENDLESS, ClusterId=cluster)}))
        if doomed:
            service.call("DELETE", f"/jobs/{doomed.pop()}")

    found = [item["Id"] for item in pages(service, "/jobs", f"MaxItemCount=2&ClusterId={cluster}{query}", disturb)]
    assert len(set(found)) == len(found)
    ascending = sorted(kept) if "Id" in query else kept
    expected = ascending if "IsReverse" in query else ascending[::-1]
    assert [job_id for job_id in found if job_id in kept] == expected


def test_listing_filters_and_sizes(service: Service) -> None:
    waiting = [stopped(service, job({"t": task(ENDLESS, ClusterId="cls-filter")})) for _ in range(3)]
    finished = service.create(job({"t": task("true", ClusterId="cls-filter")}))
    service.wait(finished)

    def ids(query: str) -> list[str]:
        return [item["Id"] for item in service.get(f"/jobs?ClusterId=cls-filter&{query}")["Items"]]

    assert ids("State=Stopped") == waiting[::-1]
    assert ids("State=Finished") == [finished]
    assert ids("MaxItemCount=2") == [finished, waiting[2]]
    assert service.get("/jobs?MaxItemCount=0") == {"NextMarker": "", "Items": []}
    assert service.get("/jobs?ClusterId=cls-none") == {"NextMarker": "", "Items": []}


def test_task_and_instance_pages(service: Service) -> None:
    job_id = stopped(service, job({name: task(ENDLESS, 5) for name in "abc"}))
    assert [item["TaskName"] for item in pages(service, f"/jobs/{job_id}/tasks", "MaxItemCount=2")] == ["a", "b", "c"]
    path = f"/jobs/{job_id}/tasks/a/instances"
    assert [item["InstanceId"] for item in pages(service, path, "MaxItemCount=2")] == [0, 1, 2, 3, 4]
    assert service.get(f"{path}?Marker=0&MaxItemCount=2")["NextMarker"] == "2"
    assert not service.get(f"{path}?Marker=3&MaxItemCount=2")["NextMarker"]
    assert service.get(f"{path}?State=Finished")["Items"] == []
    assert len(service.get(f"{path}?State=Stopped")["Items"]) == 5


def test_tokens(service: Service) -> None:
    description = job(ENDLESS, Name="token")
    first = service.create(description, token="my-token_1")
    assert service.create(dict(reversed(description.items())), token="my-token_1") == first
    other = service.call("POST", "/jobs?IdempotentToken=my-token_1", job(ENDLESS, Name="other"))
    assert other.status_code == 400
    assert other.json() == {"Code": "IdempotentTokenMismatch", "Message": "Specified idempotent token mismatch."}
    service.call("POST", f"/jobs/{first}/stop")
    assert service.call("DELETE", f"/jobs/{first}").status_code == 204
    assert service.create(description, token="my-token_1") == first
    assert service.create(description, token="my-token_2") != first
    service.call("POST", f"/jobs/{service.get('/jobs')['Items'][0]['Id']}/stop")


@pytest.mark.parametrize("token", ["a" * 65, "a.b", "a%20b"])
def test_bad_tokens(service: Service, token: str) -> None:
    response = service.call("POST", f"/jobs?IdempotentToken={token}", job("true"))
    assert (response.status_code, response.json()["Code"]) == (400, "InvalidIdempotentToken")
