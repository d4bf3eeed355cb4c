"""Whatever is sent: never an answer of 5xx, never a file outside of where objects live."""

from __future__ import annotations

import http.client
import os
import re
from pathlib import Path
from urllib.parse import quote, urlsplit

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local.service import Service

from .conftest import BUCKET
from .raw import raw_request

PARTS = st.sampled_from(
    ["..", ".", "", "a", "b", "%2e%2e", "etc", "passwd", "\0", "\n", "ü", "x" * 300, "state.sqlite"]
)
KEYS = st.lists(PARTS | st.text(max_size=5), max_size=5).map("/".join)
METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH"])
NAMES = st.sampled_from(
    [
        "uploads",
        "uploadId",
        "partNumber",
        "delete",
        "list-type",
        "max-keys",
        "continuation-token",
        "delimiter",
        "prefix",
    ]
    + ["encoding-type", "acl", "location", "response-content-type", "marker", "versionId", "part-number-marker"]
)
QUERIES = st.dictionaries(
    NAMES, st.sampled_from(["", "0", "1", "2", "-1", "url", "../..", "A" * 32]) | st.text(max_size=9)
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "range": st.sampled_from(["bytes=0-", "bytes=-", "bytes=-0", "bytes=9-1", "bytes=99999999999999999999-", "x"]),
        "x-oss-range-behavior": st.just("standard"),
        "x-oss-copy-source": KEYS.map(lambda key: f"/{BUCKET}/{quote(key)}") | st.sampled_from(["", "/", "%ff", "x?y"]),
        "if-modified-since": st.sampled_from(["x", "Sat, 01 Jan 99999 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:00 GMT"]),
        "if-match": st.sampled_from(["*", "x", '"']),
        "content-type": st.sampled_from(["", "text/plain", "\xff"]),
        "content-md5": st.just("x"),
        "x-oss-meta-x": st.sampled_from(["\xe9", "a b"]),
        "host": st.sampled_from(["[", "a.localhost", "..127.0.0.1", "", "x:y", "tests.127.0.0.1"]),
    },
)
BODIES = st.sampled_from(
    [
        b"",
        b"x",
        b"<Delete><Object><Key>../x</Key></Object></Delete>",
        b"<Delete><Object><Key>a</Key></Object><Object><Key>a//b</Key></Object></Delete>",
        b"<Delete/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><Delete>&a;</Delete>',
        b'<?xml version="1.0" encoding="nothing"?><Delete/>',
        b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
        b"<CompleteMultipartUpload><Part><PartNumber>\xc2\xb2</PartNumber></Part></CompleteMultipartUpload>",
        b"<" * 1000,
    ]
) | st.binary(max_size=30)


def outside(service: Service) -> set[str]:
    """Return what lies in the data directory and beside it, without the places for objects and the state."""
    found = set()
    for directory, _, files in os.walk(service.data_dir.parent):
        place = Path(directory).relative_to(service.data_dir.parent)
        if place.parts[:2] not in (("data", "oss"), ("data", "uploads")):
            found |= {str(place / name) for name in files if not name.startswith("state.sqlite")}
    return found


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=METHODS,
    bucket=st.sampled_from([BUCKET, BUCKET, BUCKET, "", "..", ".", "a/b", "missing", "ü", "x" * 99]),
    key=KEYS,
    query=QUERIES,
    headers=HEADERS,
    body=BODIES,
)
def test_signed_requests(
    service: Service,
    method: str,
    bucket: str,
    key: str,
    query: dict[str, str],
    headers: dict[str, str],
    body: bytes,
) -> None:
    (service.data_dir / "oss" / BUCKET).mkdir(exist_ok=True)
    before = outside(service)
    status, _ = raw_request(service, method, bucket=bucket, key=key, query=query, headers=headers, body=body)
    assert 200 <= status < 500
    assert outside(service) == before


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    target=st.text("/.%2eFf0?&=xé[]", max_size=20).map(lambda text: "/" + text) | st.sampled_from(["*", "http://x/y"]),
    authorization=st.sampled_from(["", "OSS", "OSS local:x", "OSS4-HMAC-SHA256", "OSS4-HMAC-SHA256 Credential=,=,,"])
    | st.text("OSS4-HMAC ,=:/Credential\xe9", max_size=30),
    query=st.sampled_from(
        ["", "?Signature=x&Expires=\u0662", "?x-oss-signature=1&x-oss-signature-version=OSS4-HMAC-SHA256"]
    ),
    date=st.sampled_from(["", "x", "20250101T000000Z", "Sat, 01 Jan 0000 00:00:00 GMT"]),
)
def test_unsigned_requests(service: Service, target: str, authorization: str, query: str, date: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(service.ready["oss"]).netloc, timeout=10)
    path = "".join(re.sub(r"[^\x21-\x7e]", "%FF", target + query))
    headers = {"x-oss-date": date, "date": date}
    if authorization.strip():
        headers["authorization"] = authorization
    try:
        connection.request("GET", path, headers=headers)
        status = connection.getresponse().status
    finally:
        connection.close()
    assert status in (400, 403)
