"""Objects and buckets, accessed with the vendor's client."""

from __future__ import annotations

import base64
import hashlib
import time
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import alibabacloud_oss_v2 as oss
import pytest

from tests.local.service import Service
from tests.local.test_faults import counted, play

from .conftest import BUCKET, STRANGE, code, get, keys, oss_client, put
from .raw import raw_request


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
