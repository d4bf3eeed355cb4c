"""Verification of ACS3 signatures, and the errors of invalid ones."""

from __future__ import annotations

import calendar
import time

import pytest
import requests

from airflow_provider_bcs.http import acs3
from airflow_provider_bcs.local.dlc.verifier import Verifier
from airflow_provider_bcs.local.error_response import ErrorResponse

from .dlc_service import DlcService

DATE = "2026-01-02T03:04:05Z"
MOMENT = calendar.timegm((2026, 1, 2, 3, 4, 5))
SIGNED = ["host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"]


def headers(signature: str, nonce: str = "0123456789abcdef0123456789abcdef") -> dict[str, str]:
    return {
        "host": "pai-dlc.cn-hangzhou.aliyuncs.com",
        "x-acs-action": "ListJobs",
        "x-acs-content-sha256": acs3.body_digest(b""),
        "x-acs-date": DATE,
        "x-acs-signature-nonce": nonce,
        "x-acs-version": "2020-12-03",
        "authorization": acs3.authorization("testAccessKeyId", SIGNED, signature),
    }


def verifier(now: float = MOMENT) -> Verifier:
    return Verifier("testAccessKeyId", "testAccessKeySecret", clock=lambda: now)


# Computed with the vendor's SDK, with a fixed time and nonce.
QUERY = (
    "DisplayName=%E8%AE%AD%E7%BB%83{0}%E4%BB%BB%E5%8A%A1%2Ba%2Fb{1}c~d%26e%3Df&PageNumber=1&PageSize=100&ShowOwn=True"
    "&StartTime=2026-01-01T00%3A00%3A00Z&Status=Running&Tags=%7B%22team%22%3A%22%CE%B1{0}1%22%2C%22k%22%3A%22v%22%7D"
    "&WorkspaceId=268"
)
VECTOR = "0c38ba6a13d7c11998bbd143106b47332f01010037e023c104fbeaa5e33caee7"


@pytest.mark.parametrize(("space", "star"), [("%20", "%2A"), ("+", "*")])
def test_however_the_query_is_encoded(space: str, star: str) -> None:
    query = QUERY.format(space, star)
    verifier().verify("GET", "/api/v1/jobs", query, headers(VECTOR), b"")
    with pytest.raises(ErrorResponse, match="SignatureDoesNotMatch"):
        verifier().verify("GET", "/api/v1/jobs", query + "9", headers(VECTOR), b"")


@pytest.mark.parametrize("minutes", [-16, 16])
def test_clock_skew(minutes: int) -> None:
    with pytest.raises(ErrorResponse, match=r"400 InvalidTimeStamp\.Expired"):
        verifier(MOMENT + 60 * minutes).verify("GET", "/api/v1/jobs", QUERY.format("+", "*"), headers(VECTOR), b"")
    verifier(MOMENT + 60 * 14).verify("GET", "/api/v1/jobs", QUERY.format("+", "*"), headers(VECTOR), b"")


def test_nonces_are_forgotten_when_their_date_is_refused() -> None:
    now = MOMENT
    single = Verifier("testAccessKeyId", "testAccessKeySecret", clock=lambda: now)
    arguments = "GET", "/api/v1/jobs", QUERY.format("+", "*"), headers(VECTOR), b""
    single.verify(*arguments)
    now += 14 * 60
    with pytest.raises(ErrorResponse, match="400 SignatureNonceUsed"):
        single.verify(*arguments)
    now += 2 * 60
    with pytest.raises(ErrorResponse, match="Expired"):
        single.verify(*arguments)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"x_acs_date": ""}, 400, "MissingParameter"),
        ({"x_acs_date": "Tue, 06 Nov 2018 06:12:40 GMT"}, 400, "InvalidTimeStamp.Format"),
        ({"x_acs_date": "2020-01-01T00:00:00Z"}, 400, "InvalidTimeStamp.Expired"),
        ({"x_acs_version": ""}, 400, "MissingParameter"),
        ({"x_acs_version": "2015-11-11"}, 400, "InvalidVersion"),
        ({"x_acs_signature_nonce": ""}, 400, "MissingParameter"),
        ({"x_acs_content_sha256": ""}, 400, "MissingParameter"),
        ({"x_acs_content_sha256": "0" * 64}, 400, "SignatureDoesNotMatch"),
        ({"x_acs_action": "CreateJob"}, 400, "InvalidParameter"),
        ({"x_acs_action": "ListJobs"}, 200, None),
    ],
)
def test_headers(dlc: DlcService, change: dict[str, str], status: int, code: str | None) -> None:
    response = dlc.send("GET", "/api/v1/jobs", **change)
    assert (response.status_code, response.json().get("Code")) == (status, code)


@pytest.mark.parametrize("name", ["x-acs-extra", "Content-Type"])
def test_headers_that_have_to_be_signed(dlc: DlcService, name: str) -> None:
    without_type = {"content_type": ""}
    response = dlc.send("POST", "/api/v1/jobs", body={}, unsigned={name: "text/plain"}, **without_type)
    assert (response.status_code, response.json()["Code"]) == (400, "IncompleteSignature")


def test_replay_over_http(dlc: DlcService) -> None:
    nonce = f"replayed-{time.time()}"
    assert dlc.send("GET", "/api/v1/jobs", x_acs_signature_nonce=nonce).status_code == 200
    response = dlc.send("GET", "/api/v1/jobs", x_acs_signature_nonce=nonce)
    assert (response.status_code, response.json()["Code"]) == (400, "SignatureNonceUsed")


def test_each_api_has_its_own_signature(dlc: DlcService) -> None:
    assert dlc.call("GET", "/api/v1/jobs").json()["Code"] == "IncompleteSignature"
    assert dlc.send("GET", "/jobs").json()["Code"] == "MissingAuthorization"
    assert requests.get(f"{dlc.url}/api/v1/jobs", timeout=10).json()["Code"] == "MissingParameter"
