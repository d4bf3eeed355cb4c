"""The ACS3 signature of random requests, against the vendor SDK's own code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from alibabacloud_tea_openapi.utils import Utils
from darabonba.core import DaraCore
from darabonba.request import DaraRequest
from darabonba.url import Url
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_bcs.http import acs3

VERSION = "2020-12-03"


@dataclass(frozen=True)
class Case:
    """A request, the keys it is signed with, and what makes it unique."""

    method: str
    segments: list[str]
    action: str
    host: str
    query: dict[str, str]
    content: Any
    key_id: str
    secret: str
    token: str
    date: str
    nonce: str

    @property
    def body(self) -> bytes:
        """The bytes that the vendor's SDK sends."""
        return b"" if self.content is None else DaraCore.to_json_string(self.content).encode()

    def vendors(self, headers: dict[str, str]) -> DaraRequest:
        """The vendor's request."""
        request = DaraRequest()
        request.method = self.method
        request.pathname = "".join(f"/{Url.percent_encode(segment)}" for segment in self.segments)
        request.query = self.query
        request.headers = headers
        return request

    def vendors_authorization(self, headers: dict[str, str]) -> str:
        """What the vendor's SDK writes into Authorization when these are all headers."""
        digest = Utils.hash(self.body, acs3.ALGORITHM).hex()
        return Utils.get_authorization(self.vendors(headers), acs3.ALGORITHM, digest, self.key_id, self.secret)


# What has a meaning in queries and paths, or is encoded differently by different standards, comes often.
text = st.text() | st.text("训练é😀 *~+&=%?#/;:,!'()$@[]-_.\"\\\t\nab1", max_size=12)
words = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,12}", fullmatch=True)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
cases = st.builds(
    Case,
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    segments=st.lists(text.filter(bool), min_size=1, max_size=4),
    action=words,
    host=st.sampled_from(["pai-dlc.cn-hangzhou.aliyuncs.com", "127.0.0.1:8642"]),
    # Names are the service's own; the SDK does not encode them.
    query=st.dictionaries(words, text, max_size=6),
    content=st.none() | st.dictionaries(text, json_values, max_size=4),
    key_id=words,
    secret=text.filter(bool),
    token=st.just("") | st.text("aZ09+/= ", min_size=1).filter(str.strip),
    date=st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ")),
    nonce=st.uuids().map(lambda unique: unique.hex),
)


@settings(max_examples=1000, derandomize=True)
@given(cases)
def test_random_requests_are_signed_as_the_vendors_sdk_signs_them(case):
    headers = {"x-acs-action": case.action}
    path, query = acs3.encode_path(*case.segments), acs3.encode_query(case.query)
    acs3.sign(
        case.method,
        f"{path}?{query}" if query else path,
        headers,
        host=case.host,
        body=case.body,
        access_key_id=case.key_id,
        access_key_secret=case.secret,
        security_token=case.token or None,
        version=VERSION,
        date=case.date,
        nonce=case.nonce,
    )
    ours = headers.pop("Authorization")
    required = ["host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"]
    required += ["content-type"] if case.body else []
    required += ["x-acs-accesskey-id", "x-acs-security-token"] if case.token else []
    sent = {**headers, "host": case.host}
    assert ours == case.vendors_authorization({name: sent[name] for name in required})


@settings(max_examples=1000, derandomize=True)
@given(cases)
def test_what_the_vendors_sdk_sends_is_verified(case):
    headers = {
        "host": case.host,
        "x-acs-version": VERSION,
        "x-acs-action": case.action,
        "user-agent": " AlibabaCloud (Linux; x86_64) Python/3 TeaDSL/2 ",
        "x-acs-date": case.date,
        "x-acs-signature-nonce": case.nonce,
        "accept": "application/json",
        "x-acs-credentials-provider": "static_sts" if case.token else "static_ak",
        "x-acs-content-sha256": acs3.body_digest(case.body),
    }
    if case.body:
        headers["content-type"] = "application/json; charset=utf-8"
    if case.token:
        headers |= {"x-acs-accesskey-id": case.key_id, "x-acs-security-token": case.token}
    wire = urlsplit(DaraCore.compose_url(case.vendors(headers)))
    # The SDK signs everything it sends, and on the wire a space in a query is a plus.
    signed = sorted(headers)
    request = acs3.canonical_request(case.method, wire.path, acs3.canonical_query(wire.query), headers, signed)
    ours = acs3.authorization(case.key_id, signed, acs3.signature(case.secret, request))
    assert ours == case.vendors_authorization(headers)
