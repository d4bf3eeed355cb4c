"""Verification of ACS3 and ROA signatures, and the errors of invalid ones."""

from __future__ import annotations

import calendar
import time
import uuid
from email.utils import formatdate
from typing import Any

import pytest
import requests

from airflow_provider_bcs.http import acs3, roa
from airflow_provider_bcs.local.dlc.verifier import Verifier
from airflow_provider_bcs.local.error_response import ErrorResponse
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET

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
    # The request has the version of BatchCompute.
    assert dlc.call("GET", "/api/v1/jobs").json()["Code"] == "InvalidVersion"
    assert dlc.send("GET", "/jobs").json()["Code"] == "InvalidAuthorization"
    assert requests.get(f"{dlc.url}/api/v1/jobs", timeout=10).json()["Code"] == "MissingParameter"


ROA_MOMENT = calendar.timegm((2026, 11, 30, 20, 50, 7))
# What version 1.0.0 of the vendor's SDK sent: method, target, nonce, signature.
ROA_VECTORS = [
    (
        "GET",
        "/api/v1/jobs?DisplayName=%E8%AE%AD%E7%BB%83%20a%2Bb%2Ac~d%26e%3Df&Status=&StartTime=2026-01-01T00%3A00%3A00Z"
        "&PageSize=100",
        "464af5a080ef1fcc25aa56342e188d77",
        "y1VJ4sK+8CxPO1NjKDh1GcBHcyw=",
    ),
    (
        "GET",
        "/api/v1/jobs/dlc%201/%C3%A4",
        "549068bacbef43b9a2aeaef6399e03fe",
        "0HsabLs7jEc1aOX6UCmcerxfxxk=",
    ),
    ("POST", "/api/v1/jobs", "b547ad24e499492df1aeb87dc546fe44", "46r7HcQconYJxT/LeLqSfLRifSA="),
]


@pytest.mark.parametrize(("method", "target", "nonce", "signature"), ROA_VECTORS)
def test_the_signature_of_older_sdks(method: str, target: str, nonce: str, signature: str) -> None:
    path, _, query = target.partition("?")
    action = {"/api/v1/jobs": {"GET": "ListJobs", "POST": "CreateJob"}[method]}.get(path, "GetJob")
    sent = {
        "date": "Mon, 30 Nov 2026 20:50:07 GMT",
        "accept": "application/json",
        "x-acs-signature-nonce": nonce,
        "x-acs-signature-method": "HMAC-SHA1",
        "x-acs-signature-version": "1.0",
        "x-acs-version": "2020-12-03",
        "x-acs-action": action,
        "x-acs-credentials-provider": "static_ak",
        "authorization": f"acs testAccessKeyId:{signature}",
        **({"content-type": "application/json; charset=utf-8"} if method == "POST" else {}),
    }
    verifier(ROA_MOMENT).verify(method, path, query, sent, b"{}")
    with pytest.raises(ErrorResponse, match="400 SignatureDoesNotMatch.*string to sign"):
        verifier(ROA_MOMENT).verify(method, f"{path}x", query, sent, b"{}")
    with pytest.raises(ErrorResponse, match=r"400 InvalidTimeStamp\.Expired"):
        verifier(ROA_MOMENT + 16 * 60).verify(method, path, query, sent, b"{}")


def send_roa(
    dlc: DlcService, method: str, target: str, body: bytes = b"", *, signed: str = "", **changes: str
) -> requests.Response:
    """Send a request with a ROA signature.

    :param signed: signed form of the target, unless it is signed as it is sent
    :param changes: headers to replace before they are signed
    """
    sent = {
        "Date": formatdate(usegmt=True),
        "Accept": "application/json",
        "Content-Type": "application/json",
        "x-acs-signature-method": "HMAC-SHA1",
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-signature-version": "1.0",
        "x-acs-version": "2020-12-03",
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    text = roa.string_to_sign(method, signed or target, sent)
    sent["Authorization"] = f"acs local:{roa.signature(ACCESS_KEY_SECRET, text)}"
    return requests.request(method, f"{dlc.url}{target}", data=body, headers=sent, timeout=30)


def test_roa_over_http(dlc: DlcService) -> None:
    job = b'{"DisplayName": "old", "JobType": "PyTorchJob", "UserCommand": "true",'
    job += b' "JobSpecs": [{"Type": "Worker", "PodCount": 1, "Image": "i", "EcsSpec": "ecs.c6.large"}]}'
    created = send_roa(dlc, "POST", "/api/v1/jobs", job, x_acs_action="CreateJob")
    assert created.status_code == 200, created.text
    found = send_roa(dlc, "GET", f"/api/v1/jobs/{created.json()['JobId']}", x_acs_action="GetJob")
    assert found.json()["DisplayName"] == "old"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Date": ""}, "MissingParameter"),
        ({"Date": "yesterday"}, "InvalidTimeStamp.Format"),
        ({"Date": "Fri, 02 Jan 2026 03:04:05 GMT"}, "InvalidTimeStamp.Expired"),
        ({"x_acs_signature_method": "HMAC-SHA256"}, "InvalidSignatureMethod"),
        ({"x_acs_action": "CreateJob"}, "InvalidParameter"),
    ],
)
def test_roa_headers(dlc: DlcService, change: dict[str, str], code: str) -> None:
    response = send_roa(dlc, "GET", "/api/v1/jobs", **change)
    assert (response.status_code, response.json()["Code"]) == (400, code)


def test_a_replayed_roa_request(dlc: DlcService) -> None:
    nonce = uuid.uuid4().hex
    assert send_roa(dlc, "GET", "/api/v1/jobs", x_acs_signature_nonce=nonce).status_code == 200
    assert send_roa(dlc, "GET", "/api/v1/jobs", x_acs_signature_nonce=nonce).json()["Code"] == "SignatureNonceUsed"


@pytest.mark.parametrize("target", ["/api/v1/jobs?DisplayName=a%20b%2B", "/api/v1/jobs?DisplayName=a+b%2B"])
def test_roa_signs_the_decoded_query(dlc: DlcService, target: str) -> None:
    assert send_roa(dlc, "GET", target, signed="/api/v1/jobs?DisplayName=a b+").json()["TotalCount"] == 0
    wrong = send_roa(dlc, "GET", target, signed="/api/v1/jobs?DisplayName=a b ")
    assert wrong.json()["Code"] == "SignatureDoesNotMatch"


def test_roa_requests_without_a_nonce(dlc: DlcService) -> None:
    # As aliyun-python-sdk-core sends them: two equal ones in one second are no replay.
    for _ in range(2):
        assert send_roa(dlc, "GET", "/api/v1/jobs", x_acs_signature_nonce="").status_code == 200
    wrong = send_roa(dlc, "GET", "/api/v1/jobs", x_acs_signature_nonce="", x_acs_version="2015-11-11")
    assert wrong.json()["Code"] == "InvalidVersion"


@pytest.mark.parametrize(
    ("authorization", "query", "named"),
    [
        ("OSS4-HMAC-SHA256 Credential=local/20260101", "", "OSS4-HMAC-SHA256"),
        ("Bearer abcdef", "", "Bearer"),
        ("bcs-local-secret-9f3a", "", "a value without a scheme"),
        ("", "?Action=ListJobs&SignatureMethod=HMAC-SHA1&Signature=abcdef", "an RPC signature in the query"),
    ],
)
def test_a_wrong_kind_of_signature_is_named(dlc: DlcService, authorization: str, query: str, named: str) -> None:
    sent: dict[str, Any] = {"Authorization": authorization} if authorization else {}
    for path, code in (("/api/v1/jobs", "IncompleteSignature"), ("/jobs", "InvalidAuthorization")):
        response = requests.get(f"{dlc.url}{path}{query}", headers=sent, timeout=10)
        assert (response.status_code, response.json()["Code"]) == (400, code)
        assert f"ound {named}; expected " in response.json()["Message"]
        assert "acs KEY_ID:SIGNATURE" in response.json()["Message"]
        assert "abcdef" not in response.text
        assert "9f3a" not in response.text
