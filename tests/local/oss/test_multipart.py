"""Multipart uploads with the vendor's client."""

from __future__ import annotations

import hashlib
import os
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
