"""Fuzz test of the object store: no response is 5xx, and no file is written outside its directories."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.local.fuzzing import fuzzed, running
from tests.local.service import Service

from .conftest import BUCKET
from .raw import raw_request

pytestmark = pytest.mark.fuzz

PARTS = st.sampled_from(
    [
        "..",
        ".",
        "",
        "a",
        "b",
        "%2e%2e",
        "etc",
        "passwd",
        "\0",
        "\n",
        "ü",
        "x" * 300,
        "state.sqlite",
        "data:\u20ac",
        "x,y",
        "\U0010ffff",
        "link",
        "in",
        "file",
    ]
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
    + ["append", "position", "objectMeta", "stat", "tagging", "key-marker", "upload-id-marker", "max-uploads"]
    + ["encoding-type", "acl", "location", "response-content-type", "marker", "versionId", "part-number-marker"]
)
QUERIES = st.dictionaries(
    NAMES, st.sampled_from(["", "0", "1", "2", "-1", "url", "../..", "A" * 32, " a"]) | st.text(max_size=9)
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "range": st.sampled_from(
            ["bytes=0-", "bytes=-", "bytes=-0", "bytes=9-1", "bytes=9-0", "bytes=99999999999999999999-", "x"]
        ),
        "x-oss-range-behavior": st.just("standard"),
        "x-oss-copy-source": KEYS.map(lambda key: f"/{BUCKET}/{quote(key)}")
        | st.sampled_from(["", "/", "%ff", "x?y", f"/{BUCKET}/\xff"]),
        "if-modified-since": st.sampled_from(["x", "Sat, 01 Jan 99999 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:00 GMT"]),
        "if-match": st.sampled_from(["*", "x", '"']),
        "content-type": st.sampled_from(["", "text/plain", "\xff"]),
        "content-md5": st.just("x"),
        "x-oss-meta-x": st.sampled_from(["\xe9", "a b"]),
        "x-oss-forbid-overwrite": st.just("true"),
        "x-oss-metadata-directive": st.sampled_from(["REPLACE", "x"]),
        "x-oss-copy-source-if-match": st.just("x"),
        "x-oss-copy-source-range": st.sampled_from(["bytes=0-0", "bytes=9-1", "bytes=-", "x"]),
        "x-oss-tagging": st.sampled_from(["a=b", "a=b&a=c", "&=%ff", "\xe9=\x7f", "x" * 300]),
        "x-oss-tagging-directive": st.sampled_from(["REPLACE", "x"]),
        "x-oss-storage-class": st.sampled_from(["IA", "Archive", "\xe9"]),
        "x-oss-object-acl": st.sampled_from(["private", "", "x"]),
        "x-oss-callback": st.just("x"),
        "if-none-match": st.sampled_from(["*", "x"]),
        "if-unmodified-since": st.just("x"),
        "expect": st.just("100-continue"),
        "host": st.sampled_from(["[", "a.localhost", "..127.0.0.1", "", "x:y", "tests.127.0.0.1"]),
    },
)
ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<!DOCTYPE x [<!ENTITY e0 "boom">{ENTITIES}]><Delete><Object><Key>&e9;</Key></Object></Delete>'
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
        b"<Delete>" * 100_000,
        BOMB.encode(),
        BOMB.encode("utf-16"),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><Delete/>',
    ]
) | st.binary(max_size=30)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("fuzz")) as service:
        for bucket in (BUCKET, "fuzz"):
            (service.data_dir / "oss" / bucket).mkdir(exist_ok=True)
        yield service


@fuzzed(400)
@given(
    method=METHODS,
    bucket=st.sampled_from(
        [BUCKET, BUCKET, BUCKET, "fuzz", "linked-bucket", "", "..", ".", "a/b", "missing", "ü", "\0", "x" * 99]
    ),
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
    status, _ = raw_request(service, method, bucket=bucket, key=key, query=query, headers=headers, body=body)
    assert 200 <= status < 500


NUMBERS = st.sampled_from(["0", "1", "2", "10000", "10001", "-1", "1e3", "\u0661", "", "9" * 30, " 1"])
ETAGS = st.sampled_from(["", "x", '"x"', "d41d8cd98f00b204e9800998ecf8427e", '"D41D8CD98F00B204E9800998ECF8427E"', "&"])


@fuzzed(150)
@given(
    key=KEYS.filter(bool),
    parts=st.lists(st.tuples(NUMBERS, st.binary(max_size=3)), max_size=4),
    wanted=st.lists(st.tuples(NUMBERS, ETAGS), max_size=4),
    query=QUERIES,
    last=st.sampled_from(["POST", "DELETE", "GET"]),
)
def test_uploads_in_parts(
    service: Service,
    key: str,
    parts: list[tuple[str, bytes]],
    wanted: list[tuple[str, str]],
    query: dict[str, str],
    last: str,
) -> None:
    status, answer = raw_request(service, "POST", key=key, query={"uploads": ""})
    assert 200 <= status < 500
    found = re.search(rb"<UploadId>(\w+)<", answer)
    upload = {"uploadId": found[1].decode() if found else "x"}
    for number, content in parts:
        status, _ = raw_request(service, "PUT", key=key, query={**upload, "partNumber": number}, body=content)
        assert 200 <= status < 500
    document = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{escape(etag)}</ETag></Part>" for n, etag in wanted)
    body = f"<CompleteMultipartUpload>{document}</CompleteMultipartUpload>".encode()
    status, _ = raw_request(service, last, key=key, query={**query, **upload}, body=body)
    assert 200 <= status < 500


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("root", ["Delete", "CompleteMultipartUpload"])
def test_no_entity_is_expanded(service: Service, encoding: str, root: str) -> None:
    _, answer = raw_request(service, "POST", key="x", query={"uploads": ""})
    upload = re.search(rb"<UploadId>(\w+)<", answer)
    assert upload
    query = {"delete": ""} if root == "Delete" else {"uploadId": upload[1].decode()}
    body = BOMB.replace("Delete", root).encode(encoding)
    if encoding != "utf-8":
        body = "\ufeff".encode(encoding) * (encoding != "utf-16") + body
    status, answer = raw_request(service, "POST", key="" if root == "Delete" else "x", query=query, body=body)
    assert (status, b"found a DOCTYPE; expected none" in answer) == (400, True)


@fuzzed(200)
@given(
    target=st.text("/.%2eFf0?&=xé[]", max_size=20).map(lambda text: "/" + text) | st.sampled_from(["*", "http://x/y"]),
    authorization=st.sampled_from(
        [
            "",
            "OSS",
            "OSS local:x",
            "OSS2",
            "OSS2 AccessKeyId:local,Signature:x",
            "OSS4-HMAC-SHA256",
            "OSS4-HMAC-SHA256 Credential=,=,,",
        ]
    )
    | st.text("OSS4-HMAC ,=:/Credential\xe9", max_size=30),
    query=st.sampled_from(
        ["", "?Signature=x&Expires=\u0662", "?x-oss-signature=1&x-oss-signature-version=OSS4-HMAC-SHA256"]
        + ["?x-oss-signature-version=OSS2&x-oss-expires=99999999999", "?x-oss-signature-version=OSS2"]
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
