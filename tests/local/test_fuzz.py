"""Fuzz test of the API port: no response is 5xx, and no file is written outside the data directory."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_bcs.http import acs3, roa
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from tests.batchcompute.clusters import cluster, group, image
from tests.local.dlc.dlc_service import DlcService, dlc_job

from .fuzzing import ODD_BODIES, ODD_TEXTS, ODD_VALUES, damaged, fuzzed, running
from .service import Service, job, task, wait_until

pytestmark = pytest.mark.fuzz

RICH_TASK = task(
    "true",
    EnvVars={"A": "b"},
    InputMapping={"oss://fuzz/in/": "/home/in"},
    OutputMapping={"/home/out/": "oss://fuzz/out/"},
    LogMapping={"/home/log": "oss://fuzz/logs/"},
    Mounts={
        "Entries": [{"Source": "oss://fuzz/in/", "Destination": "/home/m", "WriteSupport": True}],
        "OSS": {"AccessKeyId": "i", "AccessKeySecret": "s", "SecurityToken": "t"},
        "Locale": "zh_CN.UTF-8",
        "Lock": False,
    },
    MaxRetryCount=0,
    Timeout=5,
)
JOBS = [
    job({"t": RICH_TASK}, {}, Description="", Priority=1, JobFailOnInstanceFail=True, AutoRelease=False),
    job({"a": task("true", 2), "b": task("false")}, {"a": ["b"]}),
    job("true", Notification={"Topic": {"Name": "n", "Endpoint": "http://127.0.0.1:9/", "Events": ["OnJobFailed"]}}),
    {"Name": "app", "Type": "App", "App": {"AppName": "x", "Inputs": {}, "Outputs": {}, "Config": {}}},
]
CLUSTERS = [
    cluster(UserData={"a": "b"}, EnvVars={"A": "b"}, Description="", Bootstrap="true"),
    cluster({"g": group(2), "h": group(0)}, Configs={"Mounts": {"Entries": []}, "Disks": {}, "Networks": {}}),
    {"Groups": {"group1": {"DesiredVMCount": 2}}},
]
DLC_JOBS = [
    dlc_job(
        "true",
        Envs={"A": "b"},
        Settings={"Tags": {"a": "b"}, "Shell": "/bin/sh"},
        DataSources=[{"Uri": "oss://fuzz/in/", "MountPath": "/mnt/data", "MountAccess": "RW"}],
        JobMaxRunningTimeMinutes=1,
        ThirdpartyLibs=["x"],
        CustomEnvs=[{"Key": "a", "Value": "b"}],
        CredentialConfig={"EnableCredentialInject": True},
    ),
    {**dlc_job("false"), "JobType": "TFJob", "SuccessPolicy": "ChiefWorker"},
    {"Tag": [{"Key": "a", "Value": "b"}], "ResourceType": "Job", "ResourceId": ["dlc1"]},
    {"Description": "d", "Priority": 1, "Accessibility": "PUBLIC"},
]
PAGES = (
    "MaxItemCount",
    "Marker",
    "State",
    "ClusterId",
    "OrderBy",
    "IsReverse",
    "IdempotentToken",
    "description",
    "Type",
)
FILTERS = ("PageNumber", "PageSize", "SortBy", "Order", "Status", "JobType", "JobId", "JobIds", "Tags", "DisplayName")
TIMES = ("StartTime", "EndTime", "TimeRangeField", "MaxLines", "MaxEventsNum", "PodUid", "MetricType", "TimeStep")
OTHERS = ("ShowOwn", "NeedDetail", "ResourceIds", "TagKey", "TagKey.1", "All", "ResourceType", "ResourceId", "Caller")
QUERIES = st.dictionaries(
    st.sampled_from(PAGES + FILTERS + TIMES + OTHERS) | ODD_TEXTS,
    ODD_TEXTS
    | st.sampled_from(["1", "100", "Running", "Id", "asc", "true", "GetJob", "5m", "GpuCoreUsage", '{"a":"b"}']),
    max_size=4,
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"])
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "x-acs-version": st.sampled_from(["", "x", "2015-11-11", "2020-12-03"]),
        "x-acs-security-token": st.sampled_from(["t", "\xe9"]),
        "x-acs-action": st.sampled_from(["CreateJob", "x"]),
        "content-type": st.sampled_from(["", "application/json; charset=utf-16", "\xff"]),
        "date": st.sampled_from(["", "x", "Sat, 01 Jan 99999 00:00:00 GMT", "Sat, 01 Jan 0000 00:00:00 GMT"]),
        "authorization": st.sampled_from(["acs", "acs :", "acs local:\xe9", f"{acs3.ALGORITHM} x", "Basic Og=="]),
        "x-acs-signature-nonce": st.sampled_from(["", "same"]),
        "range": st.just("bytes=0-"),
        "expect": st.just("100-continue"),
        "content-encoding": st.just("gzip"),
    },
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DlcService]:
    options = ("--max-instances", "2", "--max-pods", "2", "--cluster-delay", "0.1")
    with running(tmp_path_factory.mktemp("fuzz"), *options, kind=DlcService) as service:
        yield service


@pytest.fixture(scope="module")
def ids(service: DlcService) -> list[str]:
    """Ids of existing resources."""
    running = Service.create(service, job("sleep 600"))
    pods = service.create(dlc_job("sleep 600"))
    found = [
        service.call("POST", f"/{what}s", body).json()["Id"]
        for what, body in (("cluster", cluster()), ("image", image()))
    ]
    wait_until(lambda: bool(service.get_job(pods)["Pods"]))
    return [running, pods, f"{pods}-master-0", *found]


def send(
    service: Service,
    method: str,
    path: str,
    query: Mapping[str, str],
    body: bytes,
    headers: Mapping[str, str],
    *,
    dlc: bool,
) -> int:
    """Send a signed request to PAI-DLC or BatchCompute, with some of its headers replaced."""
    address = urlsplit(service.url).netloc
    text = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in query.items())
    signed: dict[str, str] = {}
    key: dict[str, Any] = {"access_key_id": "local", "access_key_secret": ACCESS_KEY_SECRET, "security_token": None}
    target = path + (f"?{text}" if text else "")
    key |= {"nonce": uuid.uuid4().hex, "body": body}
    if dlc:
        date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        acs3.sign(method, target, signed, host=address, version="2020-12-03", date=date, **key)
    else:
        roa.sign(method, target, signed, region="local", version="2015-11-11", date=formatdate(usegmt=True), **key)
    sent = {name.lower(): value for name, value in signed.items()} | dict(headers)
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        connection.request(method, target, body, sent)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def _quoted(text: str) -> str:
    return quote(text.encode(errors="surrogatepass"), safe="")


def encoded(content: Any) -> bytes:
    return json.dumps(content).encode()


def paths(ids: list[str]) -> st.SearchStrategy[str]:
    words = [
        "jobs",
        "clusters",
        "images",
        "tasks",
        "instances",
        "groups",
        "group1",
        "t",
        "0",
        "start",
        "stop",
        "recreate",
    ]
    more = [
        "pods",
        "logs",
        "events",
        "metrics",
        "tags",
        "ecsspecs",
        "quotas",
        "available",
        "_local",
        "faults",
        "requests",
    ]
    segment = st.sampled_from(words + more + ids) | ODD_TEXTS.map(_quoted) | st.just("%ff")
    known = st.sampled_from(
        ["/jobs", "/clusters", "/images", "/quotas", "/available", "/api/v1/jobs", "/api/v1/ecsspecs", "/api/v1/tags"]
        + [f"/{kind}/{name}" for kind in ("jobs", "clusters", "images", "api/v1/jobs") for name in ids]
        + [f"/jobs/{ids[0]}/tasks", f"/jobs/{ids[0]}/tasks/t/instances", f"/jobs/{ids[0]}/tasks/t/instances/0"]
        + [
            f"/api/v1/jobs/{ids[1]}/{what}"
            for what in ("events", "metrics", f"pods/{ids[2]}/logs", f"pods/{ids[2]}/events")
        ]
        + [f"/clusters/{ids[3]}/groups/group1/instances"]
    )
    return known | st.lists(segment, max_size=6).map(lambda parts: "/" + "/".join(parts))


@fuzzed(300)
@given(data=st.data(), method=METHODS, query=QUERIES, headers=HEADERS, dlc=st.booleans())
def test_any_request(
    service: Service,
    ids: list[str],
    data: st.DataObject,
    method: str,
    query: dict[str, str],
    headers: dict[str, str],
    dlc: bool,
) -> None:
    path = data.draw(paths(ids))
    body = data.draw(ODD_BODIES | ODD_VALUES.map(encoded) | st.just(b""))
    assert 200 <= send(service, method, path, query, body, headers, dlc=dlc) < 500


@fuzzed(250)
@given(data=st.data(), body=damaged(st.sampled_from(JOBS)), query=QUERIES)
def test_batchcompute_jobs(
    service: Service, ids: list[str], data: st.DataObject, body: Any, query: dict[str, str]
) -> None:
    method, path = data.draw(st.sampled_from([("POST", "/jobs")] * 5 + [("PUT", f"/jobs/{ids[0]}")]))
    assert 200 <= send(service, method, path, query, encoded(body), {}, dlc=False) < 500


@fuzzed(400)
@given(data=st.data(), body=damaged(st.sampled_from([*CLUSTERS, image(), image(), image(IdempotentToken="x")]), 3))
def test_clusters_and_images(service: Service, ids: list[str], data: st.DataObject, body: Any) -> None:
    method, path = data.draw(
        st.sampled_from([("POST", "/clusters"), *[("POST", "/images")] * 2, ("PUT", f"/clusters/{ids[3]}")])
    )
    assert 200 <= send(service, method, path, {}, encoded(body), {}, dlc=False) < 500


@fuzzed(250)
@given(data=st.data(), body=damaged(st.sampled_from(DLC_JOBS), 3))
def test_dlc_bodies(service: Service, ids: list[str], data: st.DataObject, body: Any) -> None:
    method, path = data.draw(
        st.sampled_from([("POST", "/api/v1/jobs")] * 4 + [("PUT", f"/api/v1/jobs/{ids[1]}"), ("POST", "/api/v1/tags")])
    )
    assert 200 <= send(service, method, path, {}, encoded(body), {}, dlc=True) < 500


def test_lists_still_work_after_all_that(service: DlcService) -> None:
    counts = []
    for target in ("/jobs", "/clusters", "/images"):
        items = service.get(f"{target}?MaxItemCount=100")["Items"]
        counts.append(len(items))
        for item in items:
            assert service.get(f"{target}/{item['Id']}")["Id"] == item["Id"]
    for job_id in (found := service.list_jobs(PageSize="100")):
        assert service.get_job(job_id)["JobId"] == job_id
    # The service did not refuse all requests.
    assert min(*counts, len(found)) > 3
