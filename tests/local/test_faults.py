"""Fault injection in BatchCompute, and request counts."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from .service import Service, job


def play(service: Service, *faults: dict[str, Any]) -> None:
    response = requests.post(f"{service.url}/_local/faults", json=list(faults), timeout=10)
    assert (response.status_code, response.json()) == (200, list(faults))


def counted(service: Service, operation: str) -> int:
    count: int = requests.get(f"{service.url}/_local/requests", timeout=10).json().get(operation, 0)
    return count


def names(service: Service) -> list[str]:
    return [item["Name"] for item in service.get("/jobs?MaxItemCount=100")["Items"]]


def test_requests_are_counted_by_operation(service: Service) -> None:
    before = counted(service, "batchcompute.ListJobs"), counted(service, "batchcompute.GetJobDescription")
    service.get("/jobs")
    service.get("/jobs")
    service.call("GET", "/jobs/job-1?description")
    assert counted(service, "batchcompute.ListJobs") == before[0] + 2
    assert counted(service, "batchcompute.GetJobDescription") == before[1] + 1


@pytest.mark.parametrize(("kind", "done"), [("drop-before", False), ("drop-after", True)])
def test_dropped_connections(service: Service, kind: str, done: bool) -> None:
    play(service, {"operation": "batchcompute.CreateJob", "kind": kind, "times": 1})
    begin = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        service.call("POST", "/jobs", job("true", Name=kind))
    assert time.monotonic() - begin < 2
    assert (kind in names(service)) == done
    service.create(job("true", Name="after"))
    assert "Exception" not in service.log.read_text()


def test_error_500_and_times(service: Service) -> None:
    play(service, {"operation": "batchcompute.ListJobs", "kind": "error-500", "times": 2})
    answers = [service.call("GET", "/jobs") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [500, 500, 200]
    assert answers[0].json()["Code"] == "InternalError"
    assert service.call("GET", "/jobs/job-1").status_code == 404


def test_throttle_garbage_and_slow(service: Service) -> None:
    play(service, {"operation": "*", "kind": "throttle", "seconds": 2.5})
    answer = service.call("GET", "/jobs")
    assert (answer.status_code, answer.json()["Code"], answer.headers["Retry-After"]) == (503, "Throttling", "3")
    play(service, {"operation": "*", "kind": "garbage"})
    garbage = service.call("GET", "/jobs")
    assert garbage.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        garbage.json()
    play(service, {"operation": "*", "kind": "slow", "seconds": 0.3})
    begin = time.monotonic()
    service.get("/jobs")
    assert time.monotonic() - begin >= 0.3
    play(service)
    assert service.call("GET", "/jobs").elapsed.total_seconds() < 0.3


def test_rate(service: Service) -> None:
    play(service, {"operation": "*", "kind": "error-500", "rate": 0.5})
    statuses = [service.call("GET", "/jobs").status_code for _ in range(60)]
    assert {200, 500} == set(statuses)
    play(service, {"operation": "*", "kind": "error-500", "rate": 0})
    assert service.call("GET", "/jobs").status_code == 200
    play(service)


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({}, "list"),
        ([1], "Fault 0"),
        ([{"operation": "*", "kind": "fire"}], "fire"),
        ([{"operation": "batchcompute.Nothing", "kind": "slow"}], "batchcompute.Nothing"),
        ([{"operation": "*", "kind": "slow", "rate": 2}], "rate"),
        ([{"operation": "*", "kind": "slow", "times": -1}], "times"),
        ([{"operation": "*", "kind": "slow", "seconds": "1"}], "seconds"),
        ([{"operation": "*", "kind": "slow", "often": 1}], "often"),
    ],
)
def test_wrong_fault_documents(service: Service, document: Any, text: str) -> None:
    response = requests.post(f"{service.url}/_local/faults", json=document, timeout=10)
    assert response.status_code == 400
    assert text in response.text


def test_local_needs_a_loopback_host(service: Service) -> None:
    response = requests.get(f"{service.url}/_local/requests", headers={"Host": "evil.example"}, timeout=10)
    assert response.status_code == 403
    assert requests.get(f"{service.url}/_local/nothing", timeout=10).status_code == 404
