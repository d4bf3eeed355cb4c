"""The ROA signature against golden vectors, which were made by running the vendor's Python SDK."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_bcs.http import roa

JOB = "/jobs/job-0000000058184218000008150000000D"
LIST = {"Marker": "", "MaxItemCount": "100", "State": "Running"}
ODD = {"Marker": "a b/c+d=&e", "MaxItemCount": "1", "Zz": "中", "order_by": "x"}


def signed(method: str, resource: str, body: bytes = b"", region: str = "cn-qingdao", token: str | None = None):
    headers: dict[str, str] = {}
    roa.sign(
        method,
        resource,
        headers,
        body=body,
        access_key_id="testid",
        access_key_secret="testsecret",
        security_token=token,
        region=region,
        version="2015-11-11",
        date="Tue, 06 Nov 2018 06:12:40 GMT",
        nonce="11111111-2222-3333-4444-555555555555",
    )
    return headers


@pytest.mark.parametrize(
    ("request_args", "signature"),
    [
        pytest.param(("GET", f"/jobs?{roa.encode_query(LIST)}"), "XBRNaYfM+piUEUZSRB/lVGoP4LA=", id="V1"),
        pytest.param(
            ("POST", "/jobs?IdempotentToken=my_token_1", b'{"Name": "a"}'), "CA5u+NNJWfwKlQMkNHac9krmpsQ=", id="V2"
        ),
        pytest.param(("GET", f"{JOB}?description"), "Vrv7BoKR+Lt6eOsk7CTk8Rh4ayc=", id="V3"),
        pytest.param(
            ("PUT", JOB, b'{"Priority": 500}', "cn-shenzhen", "sts-token-abc"),
            "bahpwKizmPicpKzEywMedJknQjY=",
            id="V4",
        ),
        pytest.param(("GET", f"/jobs?{roa.encode_query(ODD)}"), "JAN31BSMFxyq0sTWlchvrXfp86o=", id="V5"),
        pytest.param(("POST", "/jobs/job-1/stop"), "ztrUvJFJE3nxvlQqkUkJ2cyUTbk=", id="V6"),
        pytest.param(("DELETE", "/jobs/job-1"), "8MyZK8ZHlINYyrWAGOko67Kd8YQ=", id="V7"),
    ],
)
def test_golden_vectors(request_args, signature):
    assert signed(*request_args)["Authorization"] == f"acs testid:{signature}"


def test_all_headers_of_a_request_with_a_body():
    assert signed("PUT", JOB, b'{"Priority": 500}', "cn-shenzhen", "sts-token-abc") == {
        "Date": "Tue, 06 Nov 2018 06:12:40 GMT",
        "x-acs-region-id": "cn-shenzhen",
        "x-acs-access-key-id": "testid",
        "x-acs-security-token": "sts-token-abc",
        "x-acs-signature-method": "HMAC-SHA1",
        "x-acs-signature-version": "1.0",
        "x-acs-version": "2015-11-11",
        "x-acs-signature-nonce": "11111111-2222-3333-4444-555555555555",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "contentMd5": "fbcaceb17950806417000293d9165e35",
        "Content-Length": "17",
        "Authorization": "acs testid:bahpwKizmPicpKzEywMedJknQjY=",
    }


def test_string_to_sign_of_the_first_vector():
    resource = f"/jobs?{roa.encode_query(LIST)}"
    assert roa.string_to_sign("GET", resource, signed("GET", resource)).split("\n") == [
        "GET",
        "application/json",
        "",
        "application/json",
        "Tue, 06 Nov 2018 06:12:40 GMT",
        "x-acs-access-key-id:testid",
        "x-acs-region-id:cn-qingdao",
        "x-acs-signature-method:HMAC-SHA1",
        "x-acs-signature-nonce:11111111-2222-3333-4444-555555555555",
        "x-acs-signature-version:1.0",
        "x-acs-version:2015-11-11",
        "/jobs?Marker&MaxItemCount=100&State=Running",
    ]


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({}, ""),
        (LIST, "Marker&MaxItemCount=100&State=Running"),
        (ODD, "Marker=a%20b%2Fc%2Bd%3D%26e&MaxItemCount=1&Zz=%E4%B8%AD&order-by=x"),
        ({"b": " ", "a": "~*"}, "a=~%2A&b"),
    ],
)
def test_query(params, query):
    assert roa.encode_query(params) == query


@given(st.dictionaries(st.text(min_size=1).filter(str.isprintable), st.text()))
def test_a_query_is_ascii_and_ordered(params):
    params = {key: value for key, value in params.items() if key.encode("utf-8", "ignore").decode() == key}
    query = roa.encode_query(params)
    assert query.isascii()
    assert " " not in query
    assert query.count("&") == max(len(params) - 1, 0)
