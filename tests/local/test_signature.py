"""Verification of ROA signatures of three SDKs, and the errors of invalid ones."""

from __future__ import annotations

import base64
import calendar
import hashlib
import time
from email.utils import formatdate
from typing import Any

import pytest
import requests

from airflow_provider_bcs.http.roa import signature, string_to_sign
from airflow_provider_bcs.local.batchcompute.verifier import Verifier
from airflow_provider_bcs.local.error_response import ErrorResponse
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET

from .service import Service

DATE = "Tue, 06 Nov 2018 06:12:40 GMT"
MOMENT = calendar.timegm((2018, 11, 6, 6, 12, 40))
JOB = "/jobs/job-0000000058184218000008150000000D"

PYTHON = {
    "date": DATE,
    "x-acs-region-id": "cn-qingdao",
    "x-acs-access-key-id": "testid",
    "x-acs-signature-method": "HMAC-SHA1",
    "x-acs-signature-version": "1.0",
    "x-acs-version": "2015-11-11",
    "x-acs-signature-nonce": "11111111-2222-3333-4444-555555555555",
    "accept": "application/json",
    "content-type": "application/json",
    "user-agent": "Mozilla/5.0 (Windows NT 6.1)",
}
NODE = {
    "x-acs-date": DATE,
    "x-acs-signature-method": "HMAC-SHA1",
    "x-acs-signature-version": "1.0",
    "x-acs-version": "2015-11-11",
    "accept": "application/json",
    "x-sdk-client": "node.js/1.0.0",
}

# Computed with the vendor's SDKs, with a fixed time and nonce.
VECTORS: list[Any] = [
    ("V1", PYTHON, "GET", "/jobs?Marker&MaxItemCount=100&State=Running", {}, "XBRNaYfM+piUEUZSRB/lVGoP4LA="),
    (
        "V2",
        PYTHON,
        "POST",
        "/jobs?IdempotentToken=my_token_1",
        {"contentmd5": "9fddb53b8fa55873c55da5ddbed6e69b"},
        "CA5u+NNJWfwKlQMkNHac9krmpsQ=",
    ),
    ("V3", PYTHON, "GET", f"{JOB}?description", {}, "Vrv7BoKR+Lt6eOsk7CTk8Rh4ayc="),
    (
        "V4",
        PYTHON,
        "PUT",
        JOB,
        {
            "x-acs-region-id": "cn-shenzhen",
            "x-acs-security-token": "sts-token-abc",
            "contentmd5": "fbcaceb17950806417000293d9165e35",
        },
        "bahpwKizmPicpKzEywMedJknQjY=",
    ),
    (
        "V5",
        PYTHON,
        "GET",
        "/jobs?Marker=a%20b%2Fc%2Bd%3D%26e&MaxItemCount=1&Zz=%E4%B8%AD&order-by=x",
        {},
        "JAN31BSMFxyq0sTWlchvrXfp86o=",
    ),
    ("V6", PYTHON, "POST", "/jobs/job-1/stop", {}, "ztrUvJFJE3nxvlQqkUkJ2cyUTbk="),
    ("V7", PYTHON, "DELETE", "/jobs/job-1", {}, "8MyZK8ZHlINYyrWAGOko67Kd8YQ="),
    ("J1", NODE, "GET", "/jobs?Marker=&MaxItemCount=100&State=Running", {}, "bXVD7trLiel6MKsiy1LYQbSzl+s="),
    (
        "J2",
        NODE,
        "POST",
        "/jobs/job-1/stop",
        {"content-type": "text/plain;charset=UTF-8"},
        "nOukWuaYmHFhVqSPOfGe7397JTY=",
    ),
    ("J3", NODE, "POST", "/jobs", {"content-type": "application/json"}, "4031t2rOTiCPZfhyTvNAK9I7CWU="),
]


def verifier(now: float = MOMENT) -> Verifier:
    return Verifier("testid", "testsecret", clock=lambda: now)


@pytest.mark.parametrize(
    ("headers", "method", "target", "more", "expected"), [v[1:] for v in VECTORS], ids=[v[0] for v in VECTORS]
)
def test_vector(headers: dict[str, str], method: str, target: str, more: dict[str, str], expected: str) -> None:
    signed = {**headers, **more, "authorization": f"acs testid:{expected}"}
    verifier().verify(method, target, signed)
    with pytest.raises(ErrorResponse, match="SignatureDoesNotMatch"):
        verifier().verify(method, target + "x", signed)


def java_headers(method: str, resource: str, body: bytes, key_id: str, secret: str, date: str) -> dict[str, str]:
    headers = {
        "Date": date,
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode(),
        "x-acs-version": "2015-11-11",
        "x-acs-access-key-id": key_id,
        "x-acs-accesskey-id": key_id,
        "x-acs-signature-method": "HMAC-SHA1",
    }
    headers["Authorization"] = f"acs {key_id}:{signature(secret, string_to_sign(method, resource, headers))}"
    return headers


@pytest.mark.parametrize("space", ["%20", "+"])
def test_java_signs_the_unencoded_query_and_a_base64_digest(service: Service, space: str) -> None:
    resource = "/jobs?IdempotentToken&ProjectId=a b/ü"
    headers = java_headers("POST", resource, b"[]", "local", ACCESS_KEY_SECRET, formatdate(usegmt=True))
    target = f"/jobs?ProjectId=a{space}b%2F%C3%BC&IdempotentToken="
    response = requests.post(service.url + target, b"[]", headers=headers, timeout=10)
    assert response.json()["Code"] == "InvalidHttpBody"


@pytest.mark.parametrize("minutes", [-16, 16])
def test_clock_skew_names_both_times(minutes: int) -> None:
    headers = {**PYTHON, "authorization": f"acs testid:{VECTORS[0][5]}"}
    with pytest.raises(ErrorResponse) as caught:
        verifier(MOMENT + minutes * 60).verify("GET", VECTORS[0][3], headers)
    assert (caught.value.status, caught.value.code) == (400, "RequestTimeTooSkewed")
    assert DATE in caught.value.message
    assert formatdate(MOMENT + minutes * 60, usegmt=True) in caught.value.message
    verifier(MOMENT + 14 * 60).verify("GET", VECTORS[0][3], headers)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"authorization": ""}, 400, "MissingAuthorization"),
        ({"authorization": "Basic abc"}, 400, "InvalidAuthorization"),
        ({"authorization": "acs other:abc="}, 404, "InvalidAccessKeyId.NotFound"),
        ({"authorization": "acs testid:abc="}, 400, "SignatureDoesNotMatch"),
        ({"x-acs-signature-method": "HMAC-SHA256"}, 400, "InvalidSignatureMethod"),
        ({"date": ""}, 400, "MissingDate"),
        ({"date": "yesterday"}, 400, "InvalidDate"),
    ],
)
def test_refused(change: dict[str, str], status: int, code: str) -> None:
    headers = {**PYTHON, "authorization": f"acs testid:{VECTORS[0][5]}", **change}
    with pytest.raises(ErrorResponse) as caught:
        verifier().verify("GET", VECTORS[0][3], headers)
    assert (caught.value.status, caught.value.code) == (status, code)


def test_other_api_version_is_not_found() -> None:
    headers = {**PYTHON, "x-acs-version": "2015-06-30"}
    text = string_to_sign("GET", "/jobs", headers)
    headers["authorization"] = f"acs testid:{signature('testsecret', text)}"
    with pytest.raises(ErrorResponse, match="403 InvalidVersion.NotFound"):
        verifier().verify("GET", "/jobs", headers)


def test_over_http(service: Service) -> None:
    assert requests.get(f"{service.url}/jobs", timeout=10).json()["Code"] == "MissingAuthorization"
    old = formatdate(time.time() - 3600, usegmt=True)
    headers = java_headers("GET", "/jobs", b"", "local", ACCESS_KEY_SECRET, old)
    assert requests.get(f"{service.url}/jobs", headers=headers, timeout=10).status_code == 400
