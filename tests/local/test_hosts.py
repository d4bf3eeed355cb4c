"""Host names of the cloud by ``--allow-host``, and request targets in absolute form."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import alibabacloud_oss_v2 as oss
import pytest
import requests
from alibabacloud_pai_dlc20201203 import models
from alibabacloud_pai_dlc20201203.client import Client as DlcClient
from alibabacloud_tea_openapi.models import Config

from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET

from .oss.raw import raw_request
from .service import Service, job
from .test_malformed_http import exchange

BATCHCOMPUTE, DLC, OSS = (f"{name}.aliyuncs.com" for name in ("batchcompute.cn-x", "pai-dlc.cn-x", "oss-cn-x"))
NAMES = (BATCHCOMPUTE, DLC, OSS, "build-7.example")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Service that takes host names of the cloud."""
    options = [f"--allow-host={name}" for name in NAMES]
    service = Service(tmp_path_factory.mktemp("cloud") / "data", *options)
    yield service
    service.session.close()
    service.end()


def code(response: requests.Response) -> str:
    """Return the error code, in whatever format the API has."""
    text = response.text
    return str(response.json()["Code"]) if text.startswith("{") else text.partition("<Code>")[2].partition("<")[0]


@pytest.mark.parametrize("port", ["batchcompute", "oss"])
def test_the_host_tells_the_api_on_either_port(cloud: Service, port: str) -> None:
    # The requests are not signed: the error tells which API has verified them.
    for host, expected in (
        (BATCHCOMPUTE, "MissingAuthorization"),
        (DLC, "MissingParameter"),
        (OSS, "AccessDenied"),
        (f"some-bucket.{OSS}", "AccessDenied"),
    ):
        for path in ("/jobs", "/api/v1/jobs", "/_local/requests"):
            sent = {"Host": f"{host.upper()}:80"}
            assert code(requests.get(f"{cloud.ready[port]}{path}", headers=sent, timeout=10)) == expected
    by_port = {"batchcompute": "MissingAuthorization", "oss": "AccessDenied"}[port]
    response = requests.get(f"{cloud.ready[port]}/jobs", headers={"Host": "build-7.example"}, timeout=10)
    assert code(response) == by_port


def test_other_names_are_refused(cloud: Service) -> None:
    # Only a name of an object store has buckets.
    below = (f"job.{BATCHCOMPUTE}", f"job.{DLC}")
    for host in ("oss-cn-y.aliyuncs.com", "aliyuncs.com", f"a.b.{OSS}", f"{OSS}.evil.example", *below):
        response = requests.get(f"{cloud.url}/jobs", headers={"Host": host}, timeout=10)
        assert (response.status_code, code(response)) == (403, "Forbidden")


def test_an_empty_first_label_is_no_bucket(cloud: Service) -> None:
    """ali-oss sends one with ListBuckets to an address."""
    cloud.put_object("my-bucket/x", "")
    status, answer = raw_request(cloud, "GET", bucket="", host=f".{OSS}")
    assert (status, b"<Name>my-bucket</Name>" in answer) == (200, True)


def test_the_bucket_is_the_first_label(cloud: Service) -> None:
    cloud.put_object("my-bucket/a/key.txt", "content")
    for host in (f"my-bucket.{OSS}", "my-bucket.build-7.example", "my-bucket.localhost"):
        assert raw_request(cloud, "GET", bucket="my-bucket", key="a/key.txt", host=host) == (200, b"content")


def absolute(service: Service, port: str, method: str, url: str, head: str = "", body: bytes = b"") -> bytes:
    """Send a request whose target is a URL, as clients do to a proxy; its Host header names another host."""
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    request = f"{method} {url} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{head}{length}\r\n"
    return exchange(service, port, request.encode() + body)


def test_the_host_of_an_absolute_target_counts(cloud: Service) -> None:
    assert b'"MissingAuthorization"' in absolute(cloud, "oss", "GET", f"http://{BATCHCOMPUTE}/jobs")
    assert b"<Code>AccessDenied" in absolute(cloud, "batchcompute", "GET", f"HTTP://bucket.{OSS}:80")
    assert b" 403 " in absolute(cloud, "batchcompute", "GET", "http://evil.example/jobs")
    assert b" 403 " in absolute(cloud, "batchcompute", "GET", "http:///jobs")
    assert b'"MissingAuthorization"' in absolute(cloud, "batchcompute", "GET", f"{cloud.url}/jobs?a=http://x/")
    assert b" 200 " in absolute(cloud, "batchcompute", "GET", f"{cloud.url}/_local/requests")


def test_a_client_of_batchcompute_behind_the_proxy(cloud: Service) -> None:
    direct = cloud.url
    cloud.url = f"http://{BATCHCOMPUTE}"
    cloud.session.proxies = {"http": direct}
    try:
        job_id = cloud.create(job("echo by proxy"))
        assert cloud.wait(job_id)["State"] == "Finished"
    finally:
        cloud.url, cloud.session.proxies = direct, {}
    assert cloud.object(f"logs/stdout.{job_id}.t.0") == "by proxy\n"


def test_a_client_of_the_object_store_behind_the_proxy(cloud: Service) -> None:
    config = oss.config.load_default()
    config.region, config.endpoint, config.proxy_host = "cn-x", f"http://{OSS}", {"http": cloud.url}
    config.credentials_provider = oss.credentials.StaticCredentialsProvider("local", ACCESS_KEY_SECRET)
    client = oss.Client(config)
    client.put_bucket(oss.PutBucketRequest(bucket="by-proxy"))
    client.put_object(oss.PutObjectRequest(bucket="by-proxy", key="a key", body=b"content"))
    assert client.get_object(oss.GetObjectRequest(bucket="by-proxy", key="a key")).body.read() == b"content"
    assert cloud.object("by-proxy/a key") == "content"


def test_a_client_of_pai_dlc_behind_the_proxy(cloud: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    settings = Config(
        endpoint=DLC,
        protocol="HTTP",
        region_id="cn-x",
        access_key_id="local",
        access_key_secret=ACCESS_KEY_SECRET,
        http_proxy=f"http://{urlsplit(cloud.url).netloc}",
    )
    assert DlcClient(settings).list_jobs(models.ListJobsRequest()).body.total_count == 0
