"""Objects, accessed with the vendor's client and as files."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import time
import xml.etree.ElementTree as ElementTree
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import alibabacloud_oss_v2 as oss
import pytest
import requests

from tests.local.service import Service, job, task, wait_until
from tests.local.test_faults import counted, play

from .conftest import BUCKET, code, oss_client
from .raw import raw_request

STRANGE = "a/ü +%?&=~x';:@#[]\t\U0001f600.txt"


def put(store: oss.Client, key: str, body: Any = b"hello", **options: Any) -> oss.PutObjectResult:
    return store.put_object(oss.PutObjectRequest(bucket=BUCKET, key=key, body=body, **options))


def get(store: oss.Client, key: str, **options: Any) -> oss.GetObjectResult:
    return store.get_object(oss.GetObjectRequest(bucket=BUCKET, key=key, **options))


def keys(store: oss.Client, **options: Any) -> list[str]:
    pages = store.list_objects_v2_paginator().iter_page(oss.ListObjectsV2Request(bucket=BUCKET, **options))
    return [entry.key for page in pages for entry in page.contents or []]


def test_put_get_head_delete(store: oss.Client, service: Service) -> None:
    written = put(store, STRANGE, content_type="text/x-own", metadata={"Name": "Value"}, cache_control="no-cache")
    assert written.etag == f'"{hashlib.md5(b"hello").hexdigest().upper()}"'
    assert (service.data_dir / "oss" / BUCKET / STRANGE).read_bytes() == b"hello"
    found = get(store, STRANGE)
    assert (found.body.content, found.content_type, found.metadata["name"]) == (b"hello", "text/x-own", "Value")
    head = store.head_object(oss.HeadObjectRequest(bucket=BUCKET, key=STRANGE))
    assert (head.content_length, head.etag, head.cache_control) == (5, written.etag, "no-cache")
    assert abs(head.last_modified - datetime.now(timezone.utc)) < timedelta(seconds=5)
    assert keys(store) == [STRANGE]
    for _ in range(2):
        store.delete_object(oss.DeleteObjectRequest(bucket=BUCKET, key=STRANGE))
    assert code(lambda: get(store, STRANGE)) == (404, "NoSuchKey")
    assert code(lambda: store.head_object(oss.HeadObjectRequest(bucket=BUCKET, key=STRANGE))) == (404, "NoSuchKey")


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


def test_error_documents(store: oss.Client, service: Service) -> None:
    """Programs match these messages, and people look for the RequestId."""
    put(store, "x")
    for call, message, details in (
        (lambda: get(store, "nothing"), "The specified key does not exist.", {"Key": "nothing"}),
        (
            lambda: store.list_objects(oss.ListObjectsRequest(bucket="nothing")),
            "The specified bucket does not exist.",
            {"BucketName": "nothing"},
        ),
        (
            lambda: store.delete_bucket(oss.DeleteBucketRequest(bucket=BUCKET)),
            "The bucket you tried to delete is not empty.",
            {"BucketName": BUCKET},
        ),
        (
            lambda: get(oss_client(service, key_id="unknown"), "x"),
            "The OSS Access Key Id you provided does not exist in our records.",
            {"OSSAccessKeyId": "unknown"},
        ),
        (
            lambda: get(oss_client(service, secret="unknown"), "x"),
            "The request signature we calculated does not match the signature you provided."
            " Check your key and signing method.",
            {},
        ),
        (
            lambda: put(store, "x", forbid_overwrite=True),
            "The object you specified already exists and can not be overwritten.",
            {},
        ),
        (
            lambda: store.head_object(oss.HeadObjectRequest(bucket=BUCKET, key="nothing")),
            "The specified key does not exist.",
            {"Key": "nothing"},
        ),
    ):
        with pytest.raises(oss.exceptions.OperationError) as caught:
            call()  # type: ignore[no-untyped-call]
        error = caught.value.unwrap()
        assert isinstance(error, oss.exceptions.ServiceError)
        assert error.message.startswith(message)
        assert error.request_id == error.headers["x-oss-request-id"] != ""
        # A response to HEAD has its document in a header.
        document = error.snapshot or base64.b64decode(error.headers["x-oss-err"])
        fields = {element.tag: element.text for element in ElementTree.fromstring(document)}
        assert fields["RequestId"] == error.request_id
        assert details.items() <= fields.items()


def test_files_of_others_are_objects_and_change(store: oss.Client, service: Service) -> None:
    put(store, "log.txt", metadata={"a": "b"})
    for text in ("one", "two, longer"):
        service.put_object(f"{BUCKET}/log.txt", text)
        found = get(store, "log.txt")
        assert found.body.content.decode() == text
        assert found.etag == f'"{hashlib.md5(text.encode()).hexdigest().upper()}"'
        assert (found.content_type, found.metadata) == ("text/plain", None)


def test_a_job_reads_and_writes_the_same_objects(store: oss.Client, service: Service) -> None:
    put(store, "in/word", b"word")
    fields = {
        "InputMapping": {f"oss://{BUCKET}/in/": "/home/in"},
        "OutputMapping": {"/home/out": f"oss://{BUCKET}/out"},
    }
    assert service.run(job({"t": task("cp /home/in/word /home/out", **fields)}))["State"] == "Finished"
    assert get(store, "out").body.content == b"word"


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


def test_what_a_file_system_cannot_hold(store: oss.Client, service: Service) -> None:
    put(store, "a/b")
    for key in ("a", "a/b/c"):
        assert code(lambda key=key: put(store, key)) == (409, "FileAlreadyExists")  # type: ignore[misc]
    assert code(lambda: put(store, "a/b/", b"")) == (409, "FileAlreadyExists")
    for key in ("a//b", "/a", "a\0b", "x" * 256, "full/"):
        assert code(lambda key=key: put(store, key)) == (400, "InvalidObjectName")  # type: ignore[misc]
    # The vendor's client signs another path than it sends.
    for key in ("../x", "a/./b", "a/../../../../x", "/".join(["x" * 200] * 6)):
        assert raw_request(service, "PUT", key=key)[0] == 400, key
    assert raw_request(service, "GET", bucket=f"{BUCKET}/a", key="b")[0] == 400
    assert keys(store) == ["a/b"]
    # An empty directory does not prevent the object.
    store.delete_object(oss.DeleteObjectRequest(bucket=BUCKET, key="a/b"))
    put(store, "a")
    assert keys(store) == ["a"]


def test_folders(store: oss.Client, service: Service) -> None:
    (service.data_dir / "oss" / BUCKET / "made/by/hand").mkdir(parents=True, exist_ok=True)
    put(store, "folder/", b"")
    put(store, "folder/x")
    assert keys(store) == ["folder/", "folder/x"]
    store.delete_object(oss.DeleteObjectRequest(bucket=BUCKET, key="folder/x"))
    assert get(store, "folder/").body.content == b""
    assert (service.data_dir / "oss" / BUCKET / "folder").is_dir()
    assert code(lambda: get(store, "folder")) == (404, "NoSuchKey")
    assert code(lambda: get(store, "made/by/hand/")) == (404, "NoSuchKey")
    store.delete_object(oss.DeleteObjectRequest(bucket=BUCKET, key="folder/"))
    assert keys(store) == []


def test_links_are_not_followed(store: oss.Client, service: Service) -> None:
    bucket = service.data_dir / "oss" / BUCKET
    for name, target in {"etc": "/etc", "passwd": "/etc/passwd"}.items():
        (bucket / name).symlink_to(target)
    os.mkfifo(bucket / "pipe")
    try:
        for key in ("etc/passwd", "passwd", "etc/new"):
            assert code(lambda key=key: put(store, key)) == (400, "InvalidObjectName")  # type: ignore[misc]
            assert code(lambda key=key: get(store, key)) == (400, "InvalidObjectName")  # type: ignore[misc]
        assert code(lambda: get(store, "pipe")) == (404, "NoSuchKey")
        assert keys(store) == []
    finally:
        for name in ("etc", "passwd", "pipe"):
            (bucket / name).unlink()


def test_buckets(store: oss.Client, service: Service) -> None:
    assert code(lambda: store.list_objects(oss.ListObjectsRequest(bucket="nothing"))) == (404, "NoSuchBucket")
    missing = oss.PutObjectRequest(bucket="nothing", key="x", body=b"")
    assert code(lambda: store.put_object(missing)) == (404, "NoSuchBucket")
    for _ in range(2):
        store.put_bucket(oss.PutBucketRequest(bucket="another"))
    assert store.is_bucket_exist("another")
    assert not store.is_bucket_exist("nothing")
    assert store.get_bucket_info(oss.GetBucketInfoRequest(bucket="another")).bucket_info.name == "another"
    assert store.get_bucket_location(oss.GetBucketLocationRequest(bucket="another")).location == "oss-local"
    assert {"another", BUCKET} <= {found.name for found in store.list_buckets(oss.ListBucketsRequest()).buckets}
    service.put_object("another/x", "x")
    assert code(lambda: store.delete_bucket(oss.DeleteBucketRequest(bucket="another"))) == (409, "BucketNotEmpty")
    store.delete_object(oss.DeleteObjectRequest(bucket="another", key="x"))
    store.delete_bucket(oss.DeleteBucketRequest(bucket="another"))
    assert not (service.data_dir / "oss/another").exists()


def test_delete_many_and_copy(store: oss.Client) -> None:
    for name in ("1", "2", "3"):
        put(store, f"many/{name}")
    copied = store.copy_object(oss.CopyObjectRequest(bucket=BUCKET, key=STRANGE, source_key="many/1"))
    assert copied.etag == copied.headers["ETag"] == put(store, "many/1").etag
    store.copy_object(oss.CopyObjectRequest(bucket=BUCKET, key="again", source_key=STRANGE))
    named = [oss.models.ObjectIdentifier(key=key) for key in ("many/1", "many/2", "nothing", STRANGE)]
    delete = oss.DeleteMultipleObjectsRequest(bucket=BUCKET, delete=oss.models.Delete(objects=named))
    assert [found.key for found in store.delete_multiple_objects(delete).deleted_objects] == [n.key for n in named]
    assert keys(store) == ["again", "many/3"]


def test_a_copy_source_that_is_not_encoded(store: oss.Client, service: Service) -> None:
    put(store, "\u65e5 \u00e9")
    for source in ("\u65e5 \u00e9".encode().decode("latin-1"), quote("\u65e5 \u00e9")):
        headers = {"x-oss-copy-source": f"/{BUCKET}/{source}"}
        assert raw_request(service, "PUT", key="copy", headers=headers)[0] == 200
        assert get(store, "copy").body.content == b"hello"


def test_delete_many_all_or_none(store: oss.Client, service: Service) -> None:
    put(store, "a/b")
    good = b"<Object><Key>a/b</Key></Object>"
    for last, headers, expected in (
        (b"<Object><Key>a//b</Key></Object>", {}, b"InvalidObjectName"),
        (b"<Object><Key>c</Key><VersionId>1</VersionId></Object>", {}, b"NotImplemented"),
        (b"", {"content-md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}, b"InvalidDigest"),
    ):
        body = b"<Delete>" + good + last + b"</Delete>"
        status, answer = raw_request(service, "POST", query={"delete": ""}, headers=headers, body=body)
        assert (status, b"<Code>" + expected in answer) == (400, True), answer
    assert keys(store) == ["a/b"]


def test_operations_that_do_not_exist_here_do_nothing_else(store: oss.Client, service: Service) -> None:
    """Refuse unknown parameters: without them, a request could have another meaning."""
    put(store, "x")
    (service.data_dir / "oss/empty-bucket").mkdir(exist_ok=True)
    block = oss.DeleteBucketPublicAccessBlockRequest(bucket="empty-bucket")
    # A V1 signature does not cover unknown parameters.
    assert code(lambda: oss_client(service).delete_bucket_public_access_block(block)) == (400, "NotImplemented")
    assert store.is_bucket_exist("empty-bucket")
    other = oss.DeleteObjectRequest(bucket=BUCKET, key="x", version_id="1")
    assert code(lambda: store.delete_object(other)) == (400, "NotImplemented")
    assert code(lambda: get(store, "x", version_id="1")) == (400, "NotImplemented")
    copy = oss.CopyObjectRequest(bucket=BUCKET, key="y", source_key="x", source_version_id="1")
    assert code(lambda: store.copy_object(copy)) == (400, "InvalidArgument")
    assert get(store, "x", version_id="null").body.content == b"hello"
    status, answer = raw_request(service, "PUT", query={"cname": "", "comp": "add"})
    assert (status, b"The local service does not support PUT of the bucket ?cname ?comp." in answer) == (400, True)
    assert raw_request(service, "PUT", key="y", headers={"x-oss-copy-source": f"/{BUCKET}"})[0] == 400
    assert raw_request(service, "GET", query={"prefix": "", "marker": "", "delimiter": ""})[0] == 200
    assert keys(store) == ["x"]


def test_state_survives(store: oss.Client, service: Service, start_service: Any) -> None:
    own = start_service(name="own")
    (own.data_dir / "oss" / BUCKET).mkdir()
    client = oss_client(own)
    put(client, "x", content_type="text/x-own")
    put(client, "folder/", b"")
    own.end()
    own.start()
    client = oss_client(own)
    assert get(client, "x").content_type == "text/x-own"
    assert keys(client) == ["folder/", "x"]


def test_large_bodies_are_streamed(store: oss.Client, service: Service, tmp_path: Path) -> None:
    size = 100_000_000
    big = tmp_path / "big"
    with open(big, "wb") as file:
        file.truncate(size)
    before = peak_memory(service)
    with open(big, "rb") as file:
        put(store, "big", file)
    body = get(store, "big").body
    assert sum(len(block) for block in body.iter_bytes(block_size=1 << 20)) == size
    assert peak_memory(service) - before < 20_000_000


def peak_memory(service: Service) -> int:
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def test_an_upload_that_breaks_off_leaves_nothing(store: oss.Client, service: Service) -> None:
    def pieces() -> Any:
        yield b"x" * 100_000
        raise ConnectionError

    with pytest.raises(Exception, match="PutObject|ConnectionError"):
        put(store, "broken", pieces())
    wait_until(lambda: not list((service.data_dir / "tmp").glob("oss-*")))
    assert keys(store) == []


def test_a_download_that_breaks_off_keeps_no_file_open(store: oss.Client, service: Service) -> None:
    put(store, "big", b"x" * 20_000_000)
    url = urlsplit(store.presign(oss.GetObjectRequest(bucket=BUCKET, key="big")).url)
    assert url.hostname
    request = f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode()
    connections = [socket.create_connection((url.hostname, url.port), timeout=20) for _ in range(20)]
    for connection in connections:
        connection.sendall(request)
        assert connection.recv(12) == b"HTTP/1.1 200"
    assert open_files(service, "big") == 20
    for connection in connections:
        connection.close()
    wait_until(lambda: open_files(service, "big") == 0, 10)


def open_files(service: Service, name: str) -> int:
    """Return the number of the service's open descriptors for a file name."""
    found = 0
    for link in Path(f"/proc/{service.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found += os.readlink(link).endswith(f"/{name}")
    return found


def test_requests_are_counted_and_faults_played(store: oss.Client, service: Service) -> None:
    before = counted(service, "oss.PutObject")
    put(store, "x")
    assert counted(service, "oss.PutObject") == before + 1
    play(service, {"operation": "oss.GetObject", "kind": "error-500", "times": 1})
    assert code(lambda: get(store, "x")) == (500, "InternalError")
    play(service, {"operation": "oss.GetObject", "kind": "throttle", "times": 1})
    assert code(lambda: get(store, "x")) == (503, "SlowDown")
    for kind, exists in {"drop-before": False, "drop-after": True}.items():
        play(service, {"operation": "oss.PutObject", "kind": kind, "times": 1})
        with pytest.raises(oss.exceptions.OperationError, match="request error"):
            put(store, kind)
        assert (kind in keys(store)) == exists
    play(service, {"operation": "oss.HeadObject", "kind": "slow", "seconds": 0.3, "times": 1})
    begin = time.monotonic()
    store.head_object(oss.HeadObjectRequest(bucket=BUCKET, key="x"))
    assert time.monotonic() - begin >= 0.3
    play(service)
