"""Headers that change how an object is stored: each one is kept or refused. Names that OSS refuses, and statistics."""

from __future__ import annotations

from typing import Any

import alibabacloud_oss_v2 as oss
import pytest

from tests.local.service import Service

from .conftest import BUCKET, code
from .raw import raw_request

STORED = {
    "storage_class": "IA",
    "acl": "public-read",
    "tagging": "team=data&empty=&%E6%97%A5=%26",
    "server_side_encryption": "KMS",
    "server_side_encryption_key_id": "key-1",
}
TAGS = [("team", "data"), ("empty", ""), ("\u65e5", "&")]


def put(store: oss.Client, key: str = "x", **options: Any) -> None:
    store.put_object(oss.PutObjectRequest(bucket=BUCKET, key=key, body=b"hello", **options))


def head(store: oss.Client, key: str) -> oss.HeadObjectResult:
    return store.head_object(oss.HeadObjectRequest(bucket=BUCKET, key=key))


def tags(store: oss.Client, key: str) -> list[tuple[str, str]]:
    found = store.get_object_tagging(oss.GetObjectTaggingRequest(bucket=BUCKET, key=key))
    return [(tag.key, tag.value or "") for tag in found.tag_set.tags or []]


def acl(store: oss.Client, key: str) -> str:
    found = store.get_object_acl(oss.GetObjectAclRequest(bucket=BUCKET, key=key))
    assert found.owner.id
    return str(found.acl)


def properties(store: oss.Client, key: str) -> tuple[Any, ...]:
    found = head(store, key)
    encryption = (
        found.headers.get("x-oss-server-side-encryption"),
        found.headers.get("x-oss-server-side-encryption-key-id"),
    )
    return acl(store, key), tags(store, key), found.tagging_count, found.storage_class, *encryption


PLAIN = ("default", [], None, "Standard", None, None)
KEPT = ("public-read", TAGS, 3, "IA", "KMS", "key-1")


def test_every_write_keeps_them(store: oss.Client) -> None:
    put(store, "plain")
    assert properties(store, "plain") == PLAIN
    put(store, "put", **STORED)
    store.append_object(oss.AppendObjectRequest(bucket=BUCKET, key="append", position=0, body=b"x", **STORED))
    store.append_object(oss.AppendObjectRequest(bucket=BUCKET, key="append", position=1, body=b"x"))
    store.copy_object(
        oss.CopyObjectRequest(bucket=BUCKET, key="copy", source_key="plain", tagging_directive="REPLACE", **STORED)
    )
    begun = store.initiate_multipart_upload(oss.InitiateMultipartUploadRequest(bucket=BUCKET, key="parts", **STORED))
    upload = {"bucket": BUCKET, "key": "parts", "upload_id": begun.upload_id}
    store.upload_part(oss.UploadPartRequest(part_number=1, body=b"x", **upload))
    store.complete_multipart_upload(oss.CompleteMultipartUploadRequest(complete_all="yes", acl="public-read", **upload))
    for key in ("put", "append", "copy", "parts"):
        assert properties(store, key) == KEPT, key
    listed = store.list_objects_v2(oss.ListObjectsV2Request(bucket=BUCKET)).contents
    assert {entry.key: entry.storage_class for entry in listed} == {
        **dict.fromkeys(("put", "append", "copy", "parts"), "IA"),
        "plain": "Standard",
    }
    put(store, "put")
    assert properties(store, "put") == PLAIN


def test_a_copy_has_the_tags_of_its_source_only(store: oss.Client) -> None:
    put(store, "source", **STORED, metadata={"a": "1"})
    store.copy_object(oss.CopyObjectRequest(bucket=BUCKET, key="copy", source_key="source"))
    assert properties(store, "copy") == ("default", TAGS, 3, "Standard", None, None)
    assert head(store, "copy").metadata["a"] == "1"
    replaced = oss.CopyObjectRequest(
        bucket=BUCKET, key="copy", source_key="source", tagging_directive="REPLACE", metadata_directive="REPLACE"
    )
    store.copy_object(replaced)
    assert (tags(store, "copy"), head(store, "copy").metadata) == ([], None)
    wrong = oss.CopyObjectRequest(bucket=BUCKET, key="copy", source_key="source", metadata_directive="MOVE")
    assert code(lambda: store.copy_object(wrong)) == (400, "InvalidArgument")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"storage_class": "Archive"}, "NotImplemented"),
        ({"storage_class": "Cheap"}, "InvalidArgument"),
        ({"acl": "everybody"}, "InvalidArgument"),
        ({"server_side_encryption": "ROT13"}, "InvalidArgument"),
        ({"tagging": "a=1&a=2"}, "InvalidTag"),
        ({"tagging": "&".join(f"k{n}=v" for n in range(11))}, "InvalidTag"),
        ({"tagging": "=v"}, "InvalidTag"),
        ({"callback": "e30="}, "NotImplemented"),
        ({"headers": {"x-oss-server-side-encryption-customer-algorithm": "AES256"}}, "NotImplemented"),
        ({"headers": {"x-oss-object-worm-mode": "COMPLIANCE"}}, "NotImplemented"),
        ({"headers": {"x-oss-acl": "public-read"}}, "NotImplemented"),
        ({"headers": {"x-oss-symlink-target": "other"}}, "NotImplemented"),
        ({"headers": {"x-oss-sent-next-year": "1"}}, "NotImplemented"),
        ({"headers": {"x-oss-forbid-overwrite": "yes"}}, "InvalidArgument"),
    ],
)
def test_what_is_refused_writes_nothing(store: oss.Client, options: dict[str, Any], expected: str) -> None:
    assert code(lambda: put(store, "refused", **options)) == (400, expected)
    assert not store.is_object_exist(BUCKET, "refused")


def test_a_copy_to_itself_replaces_its_metadata_with_any_directive(store: oss.Client) -> None:
    for directive in (None, "COPY", "REPLACE"):
        put(store, "x", metadata={"a": "1"}, content_type="text/x-own", tagging="k=v")
        options = {"metadata_directive": directive, "metadata": {"b": "2"}}
        store.copy_object(oss.CopyObjectRequest(bucket=BUCKET, key="x", source_key="x", **options))
        found = head(store, "x")
        assert dict(found.metadata) == {"b": "2"}
        assert (found.content_type, tags(store, "x")) == ("application/octet-stream", [("k", "v")])
    assert store.get_object(oss.GetObjectRequest(bucket=BUCKET, key="x")).body.content == b"hello"


def test_headers_without_effect_are_accepted(store: oss.Client) -> None:
    put(store, "x", traffic_limit=819_200, request_payer="requester")
    assert properties(store, "x") == PLAIN
    # ali-oss makes this name of Cache-Control.
    headers = {"x-oss-copy-source-cache-control": "no-cache"}
    store.copy_object(oss.CopyObjectRequest(bucket=BUCKET, key="copy", source_key="x", headers=headers))
    assert properties(store, "copy") == PLAIN
    headers = {"x-oss-copy-source-version-id": "1"}
    refused = oss.CopyObjectRequest(bucket=BUCKET, key="copy", source_key="x", headers=headers)
    assert code(lambda: store.copy_object(refused)) == (400, "NotImplemented")


@pytest.mark.parametrize(
    ("method", "key", "query"),
    [
        ("PUT", "refused", {"callback": "e30="}),
        # Without an UploadId, this would replace the object.
        ("PUT", "refused", {"partNumber": "1"}),
        # The URL is for one address only.
        ("GET", "there", {"x-oss-ac-source-ip": "192.0.2.1"}),
        ("GET", "there", {"x-oss-sent-next-year": "1"}),
        # The answer would be about all buckets.
        ("GET", "", {"regions": "oss-cn-hangzhou"}),
        ("GET", "", {"tag-key": "team", "tag-value": "data"}),
    ],
)
def test_what_a_url_asks_for_is_not_dropped(
    store: oss.Client, service: Service, method: str, key: str, query: dict[str, str]
) -> None:
    put(store, "there")
    bucket = BUCKET if key else ""
    status, answer = raw_request(service, method, bucket=bucket, key=key, query=query, body=b"x")
    assert (status, f"?{next(iter(query))}".encode() in answer) == (400, True), answer
    assert not store.is_object_exist(BUCKET, "refused")


def test_buckets_are_private_and_standard(store: oss.Client) -> None:
    for options in (
        {"acl": "public-read"},
        {"resource_group_id": "rg-1"},
        {"create_bucket_configuration": oss.CreateBucketConfiguration(storage_class="IA")},
        {"create_bucket_configuration": oss.CreateBucketConfiguration(data_redundancy_type="ZRS")},
    ):
        refused = oss.PutBucketRequest(bucket="refused-bucket", **options)
        assert code(lambda refused=refused: store.put_bucket(refused)) == (400, "NotImplemented")  # type: ignore[misc]
    assert not store.is_bucket_exist("refused-bucket")
    configuration = oss.CreateBucketConfiguration(storage_class="Standard")
    store.put_bucket(
        oss.PutBucketRequest(bucket="own-bucket", acl="private", create_bucket_configuration=configuration)
    )
    store.delete_bucket(oss.DeleteBucketRequest(bucket="own-bucket"))


def test_bucket_stat(store: oss.Client, service: Service) -> None:
    def stat() -> tuple[int, int, int, int]:
        found = store.get_bucket_stat(oss.GetBucketStatRequest(bucket=BUCKET))
        assert found.storage == found.standard_storage
        assert found.last_modified_time > 0
        return found.object_count, found.standard_object_count, found.storage, found.multi_part_upload_count

    assert stat() == (0, 0, 0, 0)
    put(store, "a/b")
    store.put_object(oss.PutObjectRequest(bucket=BUCKET, key="folder/", body=b""))
    service.put_object(f"{BUCKET}/program", "123")
    store.initiate_multipart_upload(oss.InitiateMultipartUploadRequest(bucket=BUCKET, key="parts"))
    assert stat() == (3, 3, 8, 1)
    missing = oss.GetBucketStatRequest(bucket="nothing")
    assert code(lambda: store.get_bucket_stat(missing)) == (404, "NoSuchBucket")


def test_names_that_oss_refuses(store: oss.Client, service: Service) -> None:
    for bucket in ("ab", "Upper", "under_score", "-first", "last-", "x" * 64, "dot.ted"):
        (service.data_dir / "oss" / bucket).mkdir(exist_ok=True)
        for method, key, query in (
            ("PUT", "", {}),
            ("GET", "", {}),
            ("GET", "", {"bucketInfo": ""}),
            ("PUT", "x", {}),
            ("GET", "x", {}),
        ):
            status, answer = raw_request(service, method, bucket=bucket, key=key, query=query)
            assert (status, b"<Code>InvalidBucketName<" in answer) == (400, True), (bucket, method, key)
        (service.data_dir / "oss" / bucket).rmdir()
    for bucket in ("abc", "a-1", "x" * 63, "1-2"):
        assert raw_request(service, "PUT", bucket=bucket)[0] == 200, bucket
        assert raw_request(service, "DELETE", bucket=bucket)[0] == 204, bucket
    for key in ("\\x", "/x", "x" * 1024):
        for query in ({}, {"append": "", "position": "0"}, {"uploads": ""}):
            status, answer = raw_request(service, "POST" if query else "PUT", key=key, query=query, body=b"x")
            assert (status, b"<Code>InvalidObjectName<" in answer) == (400, True), key
    assert raw_request(service, "PUT", key="a\\x", body=b"x")[0] == 200
