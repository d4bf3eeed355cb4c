"""Addresses of the pages of jobs: at the local service, in the console, or none."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

import pytest
import requests

from airflow_provider_bcs import batchcompute, dlc
from airflow_provider_bcs.batchcompute.port import BatchComputePort
from airflow_provider_bcs.dlc.port import DlcPort
from airflow_provider_bcs.exceptions import NotFoundError
from airflow_provider_bcs.http.credentials import RenewableCredentials, as_provider
from airflow_provider_bcs.http.job_page import page_region, page_token
from tests.conftest import IMPATIENT, keys_of
from tests.dlc.jobs import job as dlc_job
from tests.local.service import Service

KEYS = ("LTAI5example", "the-secret")
HOST = "pai-dlc.cn-shanghai.aliyuncs.com"


def test_the_console_of_batchcompute():
    for client in (batchcompute.Client("cn-shanghai", *KEYS), batchcompute.Client("ap-southeast-1", *KEYS)):
        assert BatchComputePort(client).page_url("job-1", "count") == "https://batchcompute.console.aliyun.com/"


def test_the_console_of_pai_dlc():
    client = dlc.Client("cn-shanghai", *KEYS)
    assert DlcPort(client, "7").page_url("dlc1", job={"WorkspaceId": "268"}) == (
        "https://pai.console.aliyun.com/?regionId=cn-shanghai&workspaceId=268#/dlc/jobs/dlc1/overview"
    )
    by_endpoint = dlc.Client("local", *KEYS, endpoint="https://pai-dlc-vpc.cn-beijing.aliyuncs.com")
    assert "regionId=cn-beijing&" in DlcPort(by_endpoint).page_url("dlc1", job={"WorkspaceId": "268"})


@pytest.mark.parametrize("endpoint", ["http://10.0.0.7:8642", "https://gateway.example", "http://build-7:8642"])
def test_an_endpoint_without_pages(endpoint: str):
    assert BatchComputePort(batchcompute.Client("cn-shanghai", *KEYS, endpoint=endpoint)).page_url("job-1") == ""
    assert DlcPort(dlc.Client("cn-shanghai", *KEYS, endpoint=endpoint)).page_url("dlc1", job={"WorkspaceId": "1"}) == ""


@pytest.mark.parametrize(
    ("region", "endpoint", "expected"),
    [
        ("cn-shanghai", "https://batchcompute.cn-shanghai.aliyuncs.com", "cn-shanghai"),
        ("local", "https://batchcompute-vpc.cn-hangzhou-finance.aliyuncs.com", "cn-hangzhou-finance"),
        ("us-west-1", "https://pai-dlc.aliyuncs.com", "us-west-1"),
        ("local", "https://pai-dlc.aliyuncs.com", ""),
        ("cn-shanghai", "https://aliyuncs.com.evil.example", ""),
        ("cn-shanghai", "https://evilaliyuncs.com", ""),
    ],
)
def test_the_region_of_an_endpoint(region: str, endpoint: str, expected: str):
    assert page_region(region, endpoint) == expected


def test_a_token_is_for_one_job_and_one_secret():
    tokens = {page_token(secret, job_id) for secret in ("a", "b") for job_id in ("job-1", "job-2", "")}
    assert len(tokens) == 6
    assert all(len(token) == 64 for token in tokens)


def test_the_token_is_what_the_reference_says():
    text = b"airflow-provider-bcs job page\0job-1"
    assert page_token("the-secret", "job-1") == hmac.new(b"the-secret", text, "sha256").hexdigest()


def test_keys_that_were_renewed_make_the_link(service: Service, client: batchcompute.Client):
    url, key_id, secret = keys_of(service)
    stored = batchcompute.Client(url, key_id, secret).credentials()
    renewable = batchcompute.Client(url, credentials=RenewableCredentials(as_provider(stored), lambda: None))
    description = {"Name": "j", "Type": "DAG", "DAG": {"Tasks": {"a": TASK}}}
    job_id = client.create_job(description).Id
    found = BatchComputePort(renewable).page_url(job_id)
    assert found == BatchComputePort(client).page_url(job_id)
    assert secret not in found
    assert requests.get(found, timeout=10).status_code == 200


TASK = {"Parameters": {"Command": {"CommandLine": "true"}}, "InstanceCount": 1, "ClusterId": "cls-x"}


@pytest.fixture
def cloud(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dlc.Client]:
    """Client of a service that is reached by a host name of the cloud."""
    service = Service(tmp_path / "data", "--allow-host", HOST)
    _, *keys = keys_of(service)
    monkeypatch.setenv("http_proxy", service.url)
    monkeypatch.delenv("no_proxy", raising=False)
    client = dlc.Client("local", *keys, endpoint=f"http://{HOST}", retry=IMPATIENT)
    yield client
    client.close()
    service.session.close()
    service.end()


def test_the_workspace_is_that_of_the_job_and_not_of_the_connection(cloud: dlc.Client):
    job_id = cloud.create_job(dlc_job("true", WorkspaceId="268")).JobId
    assert "regionId=cn-shanghai&workspaceId=268#" in DlcPort(cloud, "7").page_url(job_id)
    with pytest.raises(NotFoundError):
        DlcPort(cloud, "7").page_url("dlc0")
