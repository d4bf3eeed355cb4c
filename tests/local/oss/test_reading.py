"""Reading of objects: ranges, conditions, and headers of responses."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import alibabacloud_oss_v2 as oss
import pytest
import requests

from tests.local.service import Service

from .conftest import BUCKET, code, get, put
from .raw import raw_request


def test_object_meta_with_get(store: oss.Client, service: Service) -> None:
    etag = put(store, "x").etag
    signed = store.presign(oss.GetObjectRequest(bucket=BUCKET, key="x", parameters={"objectMeta": ""}))
    assert "objectMeta" in signed.url
    with requests.get(signed.url, timeout=10, stream=True) as answer:
        assert (answer.status_code, answer.headers["ETag"], answer.headers["Content-Length"]) == (200, etag, "5")
    status, error = raw_request(service, "GET", key="nothing", query={"objectMeta": ""})
    assert (status, b"<Code>NoSuchKey<" in error) == (404, True)


def test_last_modified_is_never_after_date(store: oss.Client, service: Service) -> None:
    future = time.time() + 1000
    service.put_object(f"{BUCKET}/future", "x")
    os.utime(service.data_dir / "oss" / BUCKET / "future", (future, future))
    for number in range(30):
        key = f"x{number}" if number else "future"
        if number:
            put(store, key)
        with requests.get(store.presign(oss.GetObjectRequest(bucket=BUCKET, key=key)).url, timeout=10) as found:
            modified, date = (parsedate_to_datetime(found.headers[name]) for name in ("Last-Modified", "Date"))
            assert modified <= date
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("header", "standard", "default"),
    [
        ("bytes=2-4", "234", "234"),
        ("bytes=7-", "789", "789"),
        ("bytes=-3", "789", "789"),
        ("bytes=0-0,5-6", "0", "0"),
        # OSS ignores a range that exceeds the object unless x-oss-range-behavior is standard.
        ("bytes=7-20", "789", "0123456789"),
        ("bytes=-20", "0123456789", "0123456789"),
        ("bytes=10-", "InvalidRange", "0123456789"),
        ("bytes=5-2", "0123456789", "0123456789"),
        ("bytes=9-0", "0123456789", "0123456789"),
        ("bytes=-0", "InvalidRange", "0123456789"),
        ("lines=1-2", "0123456789", "0123456789"),
    ],
)
def test_ranges(store: oss.Client, header: str, standard: str, default: str) -> None:
    put(store, "digits", b"0123456789")
    signed = store.presign(oss.GetObjectRequest(bucket=BUCKET, key="digits"))
    answer = requests.get(signed.url, headers={"Range": header}, timeout=10)
    assert (answer.text, answer.status_code) == (default, 206 if len(default) < 10 else 200)
    behaviour = {"range_header": header, "range_behavior": "standard"}
    if header.startswith("lines"):
        return
    if standard == "InvalidRange":
        assert code(lambda: get(store, "digits", **behaviour)) == (416, "InvalidRange")
        return
    found = get(store, "digits", **behaviour)
    assert found.body.content.decode() == standard
    if found.status_code == 206:
        begin = int(standard[0])
        assert found.content_range == f"bytes {begin}-{begin + len(standard) - 1}/10"


@pytest.mark.parametrize("key", ["data:\u20ac/x,y", "data:a\nb/x,y", "data:a,b"])
def test_a_key_that_looks_like_a_url(service: Service, key: str, store: oss.Client) -> None:
    assert raw_request(service, "PUT", key=key, body=b"x") == (200, b"")
    assert raw_request(service, "GET", key=key) == (200, b"x")
    assert raw_request(service, "HEAD", key=key) == (200, b"")


def test_a_content_type_that_no_header_can_have(service: Service, store: oss.Client) -> None:
    put(store, "x")
    for value in (" a", "a ", "a\nb", "\u20ac"):
        status, body = raw_request(service, "GET", key="x", query={"response-content-type": value})
        assert (status, b"response-content-type: found" in body) == (400, True)
    assert raw_request(service, "GET", key="x", query={"response-content-type": ""}) == (200, b"hello")


def test_conditions(store: oss.Client) -> None:
    etag = put(store, "x").etag
    assert get(store, "x", if_match=etag).body.content == b"hello"
    assert code(lambda: get(store, "x", if_match='"0"')) == (412, "PreconditionFailed")
    assert code(lambda: get(store, "x", if_none_match=etag))[0] == 304
    later = (datetime.now(timezone.utc) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert code(lambda: get(store, "x", if_modified_since=later))[0] == 304
    assert get(store, "x", if_unmodified_since=later).status_code == 200
    assert code(lambda: put(store, "x", forbid_overwrite=True)) == (409, "FileAlreadyExists")
    assert code(lambda: put(store, "x", content_md5="AAAA")) == (400, "InvalidDigest")
