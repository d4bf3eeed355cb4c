"""Fault injection in PAI-DLC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from alibabacloud_pai_dlc20201203 import models
from alibabacloud_tea_openapi.exceptions import ThrottlingException

from .dlc_service import DlcService, dlc_job


@pytest.fixture
def play(dlc: DlcService) -> Iterator[Callable[..., None]]:
    """Return a function that sets faults, which end with the test."""

    def play(*faults: dict[str, Any]) -> None:
        assert requests.post(f"{dlc.url}/_local/faults", json=list(faults), timeout=10).status_code == 200

    yield play
    play()


def test_throttling(dlc: DlcService, play: Callable[..., None]) -> None:
    play({"operation": "dlc.ListJobs", "kind": "throttle", "seconds": 1.5, "times": 1})
    with pytest.raises(ThrottlingException) as caught:
        dlc.client.list_jobs(models.ListJobsRequest())
    assert (caught.value.status_code, caught.value.code, caught.value.retry_after) == (429, "Throttling.User", 1500)
    assert dlc.client.list_jobs(models.ListJobsRequest()).status_code == 200


def test_error_500(dlc: DlcService, play: Callable[..., None]) -> None:
    play({"operation": "dlc.ListJobs", "kind": "error-500"})
    response = dlc.send("GET", "/api/v1/jobs")
    assert (response.status_code, response.json()["Code"]) == (500, "InternalError")
    assert response.json()["RequestId"] == response.headers["x-acs-request-id"]


@pytest.mark.parametrize(("kind", "done"), [("drop-before", 0), ("drop-after", 1)])
def test_lost_answers(dlc: DlcService, play: Callable[..., None], kind: str, done: int) -> None:
    play({"operation": "dlc.CreateJob", "kind": kind, "times": 1})
    with pytest.raises(requests.ConnectionError):
        dlc.send("POST", "/api/v1/jobs", body=dlc_job("true", DisplayName=kind))
    assert len(dlc.list_jobs(DisplayName=kind)) == done


def test_requests_are_counted(dlc: DlcService) -> None:
    def counted() -> int:
        count: int = requests.get(f"{dlc.url}/_local/requests", timeout=10).json().get("dlc.ListEcsSpecs", 0)
        return count

    before = counted()
    dlc.send("GET", "/api/v1/ecsspecs")
    dlc.send("GET", "/api/v1/nothing")
    assert counted() == before + 1
