"""Multipart uploads with the vendor's client."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.models import CompleteMultipartUpload, UploadPart

from tests.local.service import Service

from .conftest import BUCKET, code
from .raw import raw_request

PART = 100 * 1024


def begin(store: oss.Client, key: str = "big") -> str:
    upload = oss.InitiateMultipartUploadRequest(bucket=BUCKET, key=key, content_type="text/x-own")
    return str(store.initiate_multipart_upload(upload).upload_id)


def put_part(store: oss.Client, upload_id: str, number: int, body: bytes) -> UploadPart:
    part = oss.UploadPartRequest(bucket=BUCKET, key="big", upload_id=upload_id, part_number=number, body=body)
    return UploadPart(part_number=number, etag=store.upload_part(part).etag)


def complete(store: oss.Client, upload_id: str, *parts: UploadPart) -> oss.CompleteMultipartUploadResult:
    wanted = CompleteMultipartUpload(parts=list(parts))
    request = oss.CompleteMultipartUploadRequest(
        bucket=BUCKET, key="big", upload_id=upload_id, complete_multipart_upload=wanted
    )
    return store.complete_multipart_upload(request)


def test_uploader_and_downloader(store: oss.Client, service: Service, tmp_path: Path) -> None:
    content = os.urandom(2_500_000)
    (tmp_path / "up").write_bytes(content)
    request = oss.PutObjectRequest(bucket=BUCKET, key="big/ü")
    store.uploader(part_size=1_000_000).upload_file(request, str(tmp_path / "up"))
    assert (service.data_dir / "oss" / BUCKET / "big/ü").read_bytes() == content
    store.downloader(part_size=400_000).download_file(
        oss.GetObjectRequest(bucket=BUCKET, key="big/ü"), str(tmp_path / "down")
    )
    assert (tmp_path / "down").read_bytes() == content
    assert list((service.data_dir / "uploads").iterdir()) == []


def test_parts(store: oss.Client, service: Service) -> None:
    upload_id = begin(store)
    first, second, third = b"1" * PART, b"2" * PART, b"3"
    put_part(store, upload_id, 2, b"replaced" * PART)
    parts = [put_part(store, upload_id, number, body) for number, body in ((3, third), (1, first), (2, second))]
    pages = store.list_parts_paginator(limit=2).iter_page(
        oss.ListPartsRequest(bucket=BUCKET, key="big", upload_id=upload_id)
    )
    found = [(part.part_number, part.size, part.etag) for page in pages for part in page.parts]
    parts.sort(key=lambda part: part.part_number)
    sizes = [len(first), len(second), len(third)]
    assert found == [(part.part_number, size, part.etag) for part, size in zip(parts, sizes, strict=True)]
    uploads = store.list_multipart_uploads(oss.ListMultipartUploadsRequest(bucket=BUCKET)).uploads
    assert [(upload.key, upload.upload_id) for upload in uploads] == [("big", upload_id)]

    assert code(lambda: complete(store, upload_id, *reversed(parts))) == (400, "InvalidPartOrder")
    unknown = UploadPart(part_number=4, etag=parts[0].etag)
    assert code(lambda: complete(store, upload_id, unknown)) == (400, "InvalidPart")
    assert not (service.data_dir / "oss" / BUCKET / "big").is_file()
    done = complete(store, upload_id, *parts)
    content = first + second + third
    assert done.headers["ETag"] == done.etag
    assert done.location == f"{service.ready['oss']}/{BUCKET}/big"
    assert done.etag == f'"{hashlib.md5(content).hexdigest().upper()}"'
    found_object = store.get_object(oss.GetObjectRequest(bucket=BUCKET, key="big"))
    assert (found_object.body.content, found_object.content_type) == (content, "text/x-own")
    assert code(lambda: complete(store, upload_id, *parts)) == (404, "NoSuchUpload")


def test_parts_too_small(store: oss.Client) -> None:
    upload_id = begin(store)
    parts = [put_part(store, upload_id, number, b"x" * (PART - 1)) for number in (1, 2)]
    assert code(lambda: complete(store, upload_id, *parts)) == (400, "EntityTooSmall")
    assert complete(store, upload_id, parts[0]).status_code == 200


def test_abort(store: oss.Client) -> None:
    upload_id = begin(store)
    put_part(store, upload_id, 1, b"x")
    abort = oss.AbortMultipartUploadRequest(bucket=BUCKET, key="big", upload_id=upload_id)
    store.abort_multipart_upload(abort)
    assert code(lambda: store.abort_multipart_upload(abort)) == (404, "NoSuchUpload")
    assert code(lambda: put_part(store, upload_id, 1, b"x")) == (404, "NoSuchUpload")
    other = begin(store)
    elsewhere = oss.ListPartsRequest(bucket=BUCKET, key="other", upload_id=other)
    assert code(lambda: store.list_parts(elsewhere)) == (404, "NoSuchUpload")
    store.abort_multipart_upload(oss.AbortMultipartUploadRequest(bucket=BUCKET, key="big", upload_id=other))


def test_all_parts_that_there_are(store: oss.Client) -> None:
    upload_id = begin(store)
    parts = [put_part(store, upload_id, number, body) for number, body in ((2, b"2"), (1, b"1" * PART))]
    request = oss.CompleteMultipartUploadRequest(bucket=BUCKET, key="big", upload_id=upload_id, complete_all="yes")
    store.complete_multipart_upload(request)
    assert store.get_object(oss.GetObjectRequest(bucket=BUCKET, key="big")).body.content == b"1" * PART + b"2"
    upload_id = begin(store)
    request.upload_id = upload_id
    assert code(lambda: store.complete_multipart_upload(request)) == (400, "MalformedXML")
    assert code(lambda: complete(store, upload_id, *parts)) == (400, "InvalidPartOrder")


def test_a_list_of_parts_that_was_damaged_on_the_way(store: oss.Client, service: Service) -> None:
    upload_id = begin(store)
    etag = put_part(store, upload_id, 1, b"x").etag
    body = (
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    )
    query, wrong = {"uploadId": upload_id}, {"content-md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
    status, answer = raw_request(service, "POST", key="big", query=query, headers=wrong, body=body.encode())
    assert (status, b"<Code>InvalidDigest<" in answer) == (400, True)
    assert raw_request(service, "POST", key="big", query=query, body=body.encode())[0] == 200


def test_copied_parts(store: oss.Client, service: Service) -> None:
    source = os.urandom(2 * PART)
    service.put_object(f"{BUCKET}/from/\u00fc", source)
    upload_id = begin(store)

    def copy(number: int, **options: str) -> oss.UploadPartCopyResult:
        request = oss.UploadPartCopyRequest(
            bucket=BUCKET, key="big", upload_id=upload_id, part_number=number, source_key="from/\u00fc", **options
        )
        return store.upload_part_copy(request)

    whole, part = copy(1), copy(2, source_range="bytes=5-14")
    assert part.etag == f'"{hashlib.md5(source[5:15], usedforsecurity=False).hexdigest().upper()}"'
    assert part.last_modified is not None
    # oss2 reads the header.
    assert part.headers["ETag"] == part.etag
    # OSS copies the whole object when the range is not legal or exceeds it.
    for other in (f"bytes=0-{2 * PART}", "bytes=5", "bytes=5-", "bytes=-5", "bytes=9-5", "lines=1-2", "bytes=0-1,3-4"):
        assert copy(3, source_range=other).etag == whole.etag
    assert code(lambda: copy(3, if_match='"0"')) == (412, "PreconditionFailed")
    assert code(lambda: copy(3, source_version_id="1")) == (400, "InvalidArgument")
    complete(store, upload_id, *(UploadPart(part_number=n, etag=r.etag) for n, r in ((1, whole), (2, part))))
    found = store.get_object(oss.GetObjectRequest(bucket=BUCKET, key="big"))
    assert (found.body.content, found.object_type) == (source + source[5:15], "Multipart")
    assert code(lambda: copy(3)) == (404, "NoSuchUpload")


def test_copiers_of_large_objects(store: oss.Client, service: Service) -> None:
    service.put_object(f"{BUCKET}/large", source := os.urandom(5 * PART + 1))
    request = oss.CopyObjectRequest(bucket=BUCKET, key="copy", source_key="large")
    store.copier(part_size=2 * PART, multipart_copy_threshold=PART, disable_shallow_copy=True).copy(request)
    assert service.data_dir.joinpath("oss", BUCKET, "copy").read_bytes() == source


def test_pages_of_uploads(store: oss.Client, service: Service) -> None:
    names = ["a/1", "a/2", "b", "b", "b", "c", "d/ \u00fc/1"]
    ids: dict[str, list[str]] = {}
    for name in names:
        ids.setdefault(name, []).append(begin(store, name))
    expected = [(name, upload_id) for name in sorted(ids) for upload_id in sorted(ids[name])]
    try:
        for size in (1, 2, 3, 1000):
            pages = list(
                store.list_multipart_uploads_paginator(limit=size).iter_page(
                    oss.ListMultipartUploadsRequest(bucket=BUCKET)
                )
            )
            assert [(u.key, u.upload_id) for page in pages for u in page.uploads or []] == expected
            assert all(page.max_uploads == size for page in pages)

        def listed(**options: object) -> oss.ListMultipartUploadsResult:
            return store.list_multipart_uploads(oss.ListMultipartUploadsRequest(bucket=BUCKET, **options))

        by_folder = listed(delimiter="/")
        # The client does not read the common prefixes.
        _, answer = raw_request(service, "GET", query={"uploads": "", "delimiter": "/"})
        assert re.findall(rb"<CommonPrefixes><Prefix>(.*?)<", answer) == [b"a/", b"d/"]
        assert [found.key for found in by_folder.uploads] == ["b", "b", "b", "c"]
        first = listed(delimiter="/", max_uploads=1)
        assert (first.is_truncated, first.next_key_marker, first.uploads) == (True, "a/", None)
        second = listed(delimiter="/", max_uploads=1, key_marker="a/")
        assert [found.key for found in second.uploads] == ["b"]
        assert [found.key for found in listed(prefix="a/").uploads] == ["a/1", "a/2"]
        assert [found.key for found in listed(key_marker="b").uploads] == ["c", "d/ \u00fc/1"]
        _, answer = raw_request(service, "GET", query={"uploads": "", "prefix": "c"})
        assert re.findall(rb"<StorageClass>(.*?)<", answer) == [b"Standard"]
        assert not listed(prefix="c").is_truncated
        assert code(lambda: listed(max_uploads=1001)) == (400, "InvalidArgument")
    finally:
        for name, upload_id in expected:
            abort = oss.AbortMultipartUploadRequest(bucket=BUCKET, key=name, upload_id=upload_id)
            store.abort_multipart_upload(abort)
