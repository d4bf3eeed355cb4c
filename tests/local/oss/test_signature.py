"""Verification of V1, V2 and V4 signatures in headers and URLs, with clocks and hosts."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest
import requests

from airflow_provider_bcs.local.error_response import ErrorResponse
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from airflow_provider_bcs.local.oss.request import ObjectRequest, read_request
from airflow_provider_bcs.local.oss.signature import signature_v1, signature_v2, string_to_sign_v2
from airflow_provider_bcs.local.oss.verifier import Verifier
from tests.local.service import Service

from .conftest import BUCKET, code, oss_client
from .raw import raw_request

VERSIONS = pytest.mark.parametrize("version", ["v4", "v1"])
REQUEST = oss.GetObjectRequest(bucket=BUCKET, key="secret object")


@pytest.fixture(autouse=True)
def one_object(service: Service) -> None:
    service.put_object(f"{BUCKET}/secret object", "content")


@VERSIONS
def test_wrong_keys(service: Service, version: str) -> None:
    wrong = oss_client(service, secret="other", signature_version=version)
    assert code(lambda: wrong.get_object(REQUEST)) == (403, "SignatureDoesNotMatch")
    assert code(lambda: wrong.head_object(oss.HeadObjectRequest(bucket=BUCKET, key="secret object"))) == (
        403,
        "SignatureDoesNotMatch",
    )
    unknown = oss_client(service, key_id="nobody", signature_version=version)
    assert code(lambda: unknown.get_object(REQUEST)) == (403, "InvalidAccessKeyId")


@VERSIONS
def test_presigned(service: Service, version: str) -> None:
    client = oss_client(service, signature_version=version)
    url = client.presign(REQUEST, expires=timedelta(minutes=1)).url
    assert requests.get(url, timeout=10).text == "content"
    for changed in (url.replace("secret", "Secret"), f"{url}&x-oss-process=image", url[:-4]):
        assert requests.get(changed, timeout=10).status_code == 403
    assert requests.delete(url, timeout=10).status_code == 403
    put = client.presign(oss.PutObjectRequest(bucket=BUCKET, key="put", content_type="text/x-own"))
    assert requests.put(put.url, b"x", headers=put.signed_headers, timeout=10).status_code == 200
    assert requests.put(put.url, b"x", headers={"Content-Type": "text/other"}, timeout=10).status_code == 403


def test_nobody_without_a_key(service: Service) -> None:
    for path in ("/", f"/{BUCKET}", f"/{BUCKET}/secret object", "/_local/requests"):
        answer = requests.get(service.ready["oss"] + path, timeout=10)
        assert (answer.status_code, "<Code>AccessDenied</Code>" in answer.text) == (403, True)


def test_additional_headers_are_covered(service: Service) -> None:
    client = oss_client(service, additional_headers=["range", "host"])
    got = client.get_object(oss.GetObjectRequest(bucket=BUCKET, key="secret object", range_header="bytes=0-1"))
    assert got.body.content == b"co"


def test_virtual_host_style(service: Service) -> None:
    for parent in ("127.0.0.1", "127.0.0.1:8643", "localhost"):
        assert raw_request(service, "GET", key="secret object", host=f"{BUCKET}.{parent}") == (200, b"content")
    assert raw_request(service, "GET", key="secret object", host=f"{BUCKET}.evil.example")[0] == 403


def verifier(seconds: float) -> Verifier:
    return Verifier("local", ACCESS_KEY_SECRET, clock=lambda: datetime.now(timezone.utc).timestamp() + seconds)


@VERSIONS
@pytest.mark.parametrize(("minutes", "expected"), [(0, ""), (14, ""), (-14, ""), (16, "Skewed"), (-16, "Skewed")])
def test_clocks(service: Service, version: str, minutes: int, expected: str) -> None:
    sent: list[Any] = []

    class Recorder(oss.transport.RequestsHttpClient):  # type: ignore[misc]
        def send(self, request: Any, **options: Any) -> Any:
            sent.append(request)
            return super().send(request, **options)

    oss_client(service, signature_version=version, http_client=Recorder()).get_object(REQUEST)
    headers = {name.lower(): value for name, value in sent[0].headers.items() if value is not None}
    call = read_request("GET", f"/{BUCKET}/secret%20object", "", headers)
    check: Callable[[], None] = lambda: verifier(60 * minutes).verify(call)  # noqa: E731
    if not expected:
        check()
        return
    with pytest.raises(ErrorResponse, match=expected):
        check()


@VERSIONS
@pytest.mark.parametrize(("seconds", "expected"), [(50, ""), (70, "expired")])
def test_urls_expire(service: Service, version: str, seconds: int, expected: str) -> None:
    client = oss_client(service, signature_version=version)
    path, _, query = client.presign(REQUEST, expires=timedelta(minutes=1)).url.partition("?")
    call = read_request("GET", path.removeprefix(service.ready["oss"]), query, {})
    if not expected:
        verifier(seconds).verify(call)
        return
    with pytest.raises(ErrorResponse, match=expected):
        verifier(seconds).verify(call)


def signed_v2(request: ObjectRequest, date: str, additional: tuple[str, ...] = (), secret: str = "") -> str:
    return signature_v2(secret or ACCESS_KEY_SECRET, string_to_sign_v2(request, date, additional))


@pytest.mark.parametrize(
    ("host", "path", "signed", "status"),
    [
        ("", f"/{BUCKET}", f"/{BUCKET}/", 200),
        ("", f"/{BUCKET}", f"/{BUCKET}", 200),  # as the Node package aliyun-sdk signs it
        ("", f"/{BUCKET}/", f"/{BUCKET}", 403),
        ("", f"/{BUCKET}", "/other", 403),
        ("", f"/{BUCKET}/secret%20object", f"/{BUCKET}", 403),
        (f"{BUCKET}.localhost", f"/{BUCKET}", f"/{BUCKET}", 403),  # an object with the name of its bucket
    ],
)
def test_the_resource_of_v1(service: Service, host: str, path: str, signed: str, status: int) -> None:
    date = formatdate(usegmt=True)
    signature = signature_v1(ACCESS_KEY_SECRET, f"GET\n\n\n{date}\n{signed}?acl")
    sent = {"Date": date, "Authorization": f"OSS local:{signature}", **({"Host": host} if host else {})}
    assert requests.get(f"{service.ready['oss']}{path}?acl", headers=sent, timeout=10).status_code == status


def test_the_string_to_sign_of_v2() -> None:
    """Golden value: oss2 2.18.6 signs with the same text."""
    headers = {"range": "bytes=0-1", "content-type": "text/plain", "x-oss-meta-b": "2", "x-oss-meta-a": "1"}
    parameters = [("x-oss-process", "a b"), ("acl", "")]
    request = ObjectRequest("GET", {"Bucket": "b-1", "Key": "a/\u00fc"}, parameters, headers)
    assert string_to_sign_v2(request, "DATE", ("range",)) == (
        "GET\n\ntext/plain\nDATE\nrange:bytes=0-1\nx-oss-meta-a:1\nx-oss-meta-b:2\nrange\n"
        "%2Fb-1%2Fa%2F%C3%BC?acl&x-oss-process=a%20b"
    )


@pytest.mark.parametrize(
    ("secret", "minutes", "expected"),
    [("", 0, b"content"), ("other", 0, b"SignatureDoesNotMatch"), ("", 16, b"RequestTimeTooSkewed")],
)
def test_v2_in_the_header(service: Service, secret: str, minutes: int, expected: bytes) -> None:
    date = formatdate(time.time() + 60 * minutes, usegmt=True)
    headers = {"date": date, "x-oss-meta-x": "\u00e9"}
    request = ObjectRequest("GET", {"Bucket": BUCKET, "Key": "secret object"}, [], headers)
    for additional in ((), ("date",)):
        names = f",AdditionalHeaders:{';'.join(additional)}" if additional else ""
        signature = signed_v2(request, date, additional, secret)
        authorization = f"OSS2 AccessKeyId:local{names},Signature:{signature}"
        answer = requests.get(
            f"{service.ready['oss']}/{BUCKET}/secret%20object",
            headers={**headers, "Authorization": authorization},
            timeout=10,
        )
        assert expected in answer.content


@pytest.mark.parametrize(("seconds", "expected"), [(60, b"content"), (-60, b"Request has expired.")])
def test_v2_in_a_url(service: Service, seconds: int, expected: bytes) -> None:
    expires = str(int(time.time()) + seconds)
    query = {"x-oss-signature-version": "OSS2", "x-oss-expires": expires, "x-oss-access-key-id": "local"}
    request = ObjectRequest("GET", {"Bucket": BUCKET, "Key": "secret object"}, list(query.items()), {})
    url = f"{service.ready['oss']}/{BUCKET}/secret%20object"
    query["x-oss-signature"] = signed_v2(request, expires)
    assert expected in requests.get(url, query, timeout=10).content
    for changed in ({"x-oss-expires": "x"}, {"x-oss-expires": str(int(expires) + 1)}, {"x-oss-signature": "x"}):
        assert requests.get(url, {**query, **changed}, timeout=10).status_code == 403


@VERSIONS
def test_utf8_in_signed_headers(service: Service, version: str) -> None:
    """Clients send UTF-8, which Python reads as Latin-1, and sign it."""
    sent: dict[str, Any] = {}

    class Utf8(oss.transport.RequestsHttpClient):  # type: ignore[misc]
        def send(self, request: Any, **options: Any) -> Any:
            request.headers.update(
                {name: value.encode() for name, value in request.headers.items() if name.startswith("x-oss-meta-")}
            )
            sent.update(request.headers)
            return super().send(request, **options)

    client = oss_client(service, signature_version=version, http_client=Utf8())
    name = "\u65e5\u5fd7 \u00e9"
    client.put_object(oss.PutObjectRequest(bucket=BUCKET, key="named", body=b"", metadata={"name": name}))
    assert sent["x-oss-meta-name"] == name.encode()
    found = client.head_object(oss.HeadObjectRequest(bucket=BUCKET, key="named")).metadata["name"]
    assert found.encode("latin-1").decode() == name


def test_what_cannot_be_signed(service: Service) -> None:
    for headers, expected in (({"x-oss-content-sha256": "0" * 64}, 400), ({"x-oss-date": "yesterday"}, 403)):
        assert raw_request(service, "GET", key="secret object", headers=headers)[0] == expected
    answer = requests.get(service.ready["oss"], headers={"Authorization": "Bearer x"}, timeout=10)
    assert (answer.status_code, "Authorization" in answer.text) == (400, True)


@VERSIONS
def test_operations_that_do_not_exist_here_have_signatures(service: Service, version: str) -> None:
    """The error must be about the operation: a V1 signature covers its name, such as ``?inventory``."""
    client = oss_client(service, signature_version=version)
    for call in (
        lambda: client.list_bucket_inventory(oss.ListBucketInventoryRequest(bucket=BUCKET)),
        lambda: client.get_bucket_replication(oss.GetBucketReplicationRequest(bucket=BUCKET)),
        lambda: client.get_bucket_transfer_acceleration(oss.GetBucketTransferAccelerationRequest(bucket=BUCKET)),
        lambda: client.list_cname(oss.ListCnameRequest(bucket=BUCKET)),
        lambda: client.get_style(oss.GetStyleRequest(bucket=BUCKET, style_name="s")),
    ):
        assert code(call) == (400, "NotImplemented")
