"""Filters, order and pages of ListJobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from tests.local.service import wait_until

from .dlc_service import DlcService, dlc_job

JOBS = {
    "Alpha": {"Settings": {"Tags": {"k": "v", "x.y": '"'}}, "WorkspaceId": "7", "Description": "The first one"},
    "beta": {"Settings": {"Tags": {"k": "v"}, "Caller": "me"}, "JobType": "MPIJob", "Accessibility": "PUBLIC"},
    "gamma_alpha": {"ResourceId": "quota1", "UserCommand": "exit 3 # Marker"},
    "delta": {"ResourceId": "quota2", "JobSpecs": "other"},
}


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DlcService, dict[str, str]]]:
    """Service with four jobs that have ended, and their JobIds by name."""
    service = DlcService(tmp_path_factory.mktemp("listed") / "data")
    ids = {}
    for name, fields in JOBS.items():
        job = {**dlc_job("true", DisplayName=name), **fields}
        if name == "delta":
            job["JobSpecs"] = dlc_job("")["JobSpecs"]
            job["JobSpecs"][0]["Image"] = "registry/Special:1"
        if name == "beta":
            job["JobSpecs"][0]["SpotSpec"] = {"SpotStrategy": "SpotWithPriceLimit", "SpotPriceLimit": 1.0}
        if "ResourceId" in fields:
            del job["JobSpecs"][0]["EcsSpec"]
            job["JobSpecs"][0]["ResourceConfig"] = {"CPU": "1"}
        ids[name] = service.create(job)
    wait_until(lambda: all(service.status(job_id) in ("Succeeded", "Failed") for job_id in ids.values()))
    yield service, ids
    assert service.end() == 0


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["delta", "gamma_alpha", "beta", "Alpha"]),
        ({"Order": "asc"}, ["Alpha", "beta", "gamma_alpha", "delta"]),
        ({"SortBy": "DisplayName", "Order": "ASC"}, ["Alpha", "beta", "delta", "gamma_alpha"]),
        ({"SortBy": "displayname", "Order": "Asc"}, ["Alpha", "beta", "delta", "gamma_alpha"]),
        ({"SortBy": "Status", "Order": "asc", "PageSize": "1"}, ["gamma_alpha"]),
        ({"PageSize": "3", "PageNumber": "2"}, ["Alpha"]),
        ({"PageSize": "3", "PageNumber": "3"}, []),
        ({"DisplayName": "ALPHA"}, ["gamma_alpha", "Alpha"]),
        ({"DisplayName": "%"}, []),
        ({"Status": "Failed"}, ["gamma_alpha"]),
        ({"Status": "Running"}, []),
        ({"JobType": "MPIJob"}, ["beta"]),
        ({"WorkspaceId": "7"}, ["Alpha"]),
        ({"Description": "FIRST"}, ["Alpha"]),
        ({"Tags": '{"k":"v"}'}, ["beta", "Alpha"]),
        ({"Tags": json.dumps({"k": "v", "x.y": '"'})}, ["Alpha"]),
        ({"Tags": '{"k":"other"}'}, []),
        ({"Tags": "{}", "ShowOwn": "True", "FromAllWorkspaces": "TRUE", "JobType": "MPIJob"}, ["beta"]),
        ({"Caller": "me"}, ["beta"]),
        ({"UserCommandSearch": "marker"}, ["gamma_alpha"]),
        ({"ImageSearch": "special"}, ["delta"]),
        ({"ReasonSearch": "exit code 3"}, ["gamma_alpha"]),
        ({"ResourceId": "quota1"}, ["gamma_alpha"]),
        ({"ResourceIds": "quota1,quota2"}, ["delta", "gamma_alpha"]),
        ({"Accessibility": "PUBLIC"}, ["beta"]),
        ({"Accessibility": "PRIVATE"}, ["delta", "gamma_alpha", "Alpha"]),
        ({"UserIdForFilter": "1234567890", "JobType": "MPIJob"}, ["beta"]),
        ({"UserIdForFilter": "999"}, []),
        ({"Username": "LOC", "JobType": "MPIJob"}, ["beta"]),
        ({"Username": "nobody"}, []),
        ({"PaymentType": "PrePaid"}, ["delta", "gamma_alpha"]),
        ({"PaymentType": "Spot"}, ["beta"]),
        ({"PaymentType": "PostPaid"}, ["Alpha"]),
        ({"ResourceQuotaName": "quota"}, []),
        ({"TemplateId": "tmpl-1"}, []),
        ({"DisplayNameSearchMode": "wildcard", "DisplayName": "beta"}, ["beta"]),
        ({"EndTime": "2020-01-01T00:00:00Z"}, []),
        ({"StartTime": "2000-01-01T00:00:00Z", "TimeRangeField": "GmtFinishTime", "JobType": "MPIJob"}, ["beta"]),
        ({"StartTime": "2000-01-01T00:00:00Z", "TimeRangeField": "gmtfinishtime", "JobType": "MPIJob"}, ["beta"]),
    ],
    ids=str,
)
def test_filters(listed: tuple[DlcService, dict[str, str]], query: dict[str, str], names: list[str]) -> None:
    service, ids = listed
    assert service.list_jobs(**query) == [ids[name] for name in names]


@pytest.mark.parametrize("name", ["DisplayNameSearchMode", "EnableAssignNode", "NumericRangeField", "OversoldInfo"])
def test_a_filter_that_does_not_exist_here_is_refused(listed: tuple[DlcService, dict[str, str]], name: str) -> None:
    response = listed[0].send("GET", "/api/v1/jobs", {name: "true"})
    assert (response.status_code, response.json()["Code"]) == (400, "InvalidParameter")
    assert f"The parameter {name} is invalid." in response.json()["Message"]


def test_ids(listed: tuple[DlcService, dict[str, str]]) -> None:
    service, ids = listed
    both = f"{ids['beta'].upper()}, {ids['Alpha']},dlcnothing"
    assert service.list_jobs(JobIds=both) == [ids["beta"], ids["Alpha"]]
    assert service.list_jobs(JobIds=both, JobId=ids["delta"]) == [ids["delta"]]
    assert service.list_jobs(JobIds=both, Status="Failed") == []


def test_total_count(listed: tuple[DlcService, dict[str, str]]) -> None:
    service, _ = listed
    body = service.answer("GET", "/api/v1/jobs", {"PageSize": "1", "DisplayName": "alpha"})
    assert (body["TotalCount"], len(body["Jobs"])) == (2, 1)


@pytest.mark.parametrize(
    "query",
    [
        {"PageNumber": "0"},
        {"PageNumber": "1001"},
        {"PageSize": "0"},
        {"PageSize": "101"},
        {"PageSize": "x"},
        {"SortBy": "Nothing"},
        {"Order": "up"},
        {"StartTime": "yesterday"},
        {"TimeRangeField": "Nothing"},
        {"Tags": "k"},
        {"Tags": '{"k":1}'},
        {"ShowOwn": "maybe"},
    ],
    ids=str,
)
def test_wrong_values(dlc: DlcService, query: dict[str, str]) -> None:
    response = dlc.send("GET", "/api/v1/jobs", query)
    assert (response.status_code, response.json()["Code"]) == (400, "InvalidParameter")
    assert next(iter(query)) in response.json()["Message"]


def test_default_window_is_a_week_also_for_ids(start_dlc: Callable[..., DlcService]) -> None:
    # At this clock rate, a week takes less than three seconds.
    service = start_dlc("--clock-rate", "250000")
    done = service.run_job(dlc_job("true"))
    job_id = done["JobId"]
    assert service.list_jobs(JobIds=job_id) == [job_id]
    wait_until(lambda: service.list_jobs(JobIds=job_id) == [])
    assert service.list_jobs() == []
    assert service.list_jobs(JobIds=job_id, StartTime=done["GmtCreateTime"]) == [job_id]
