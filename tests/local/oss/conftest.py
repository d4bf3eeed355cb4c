"""Vendor's client with a bucket of the local service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest

from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from tests.local.service import Service

BUCKET = "tests"
#: Key with characters that clients encode.
STRANGE = "a/ü +%?&=~x';:@#[]\t\U0001f600.txt"


def oss_client(service: Service, secret: str = ACCESS_KEY_SECRET, key_id: str = "local", **options: Any) -> oss.Client:
    """Return the vendor's client for the local service."""
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(key_id, secret)
    config.region, config.endpoint, config.retry_max_attempts = "local", service.ready["oss"], 1
    for name, value in options.items():
        setattr(config, name, value)
    return oss.Client(config)


def code(call: Callable[[], Any]) -> tuple[int, str]:
    """Return status and code of the error that a call raises."""
    with pytest.raises(oss.exceptions.OperationError) as caught:
        call()
    error = caught.value.unwrap()
    assert isinstance(error, oss.exceptions.ServiceError), error
    return error.status_code, error.code


def put(store: oss.Client, key: str, body: Any = b"hello", **options: Any) -> oss.PutObjectResult:
    return store.put_object(oss.PutObjectRequest(bucket=BUCKET, key=key, body=body, **options))


def get(store: oss.Client, key: str, **options: Any) -> oss.GetObjectResult:
    return store.get_object(oss.GetObjectRequest(bucket=BUCKET, key=key, **options))


def keys(store: oss.Client, **options: Any) -> list[str]:
    pages = store.list_objects_v2_paginator().iter_page(oss.ListObjectsV2Request(bucket=BUCKET, **options))
    return [entry.key for page in pages for entry in page.contents or []]


@pytest.fixture(params=["v4", "v1"])
def store(service: Service, request: pytest.FixtureRequest) -> oss.Client:
    """Client with each signature version, and an empty bucket without uploads."""
    (service.data_dir / "oss" / BUCKET).mkdir(exist_ok=True)
    client = oss_client(service, signature_version=request.param)
    for found in client.list_objects_v2_paginator().iter_page(oss.ListObjectsV2Request(bucket=BUCKET)):
        for entry in found.contents or []:
            client.delete_object(oss.DeleteObjectRequest(bucket=BUCKET, key=entry.key))
    for upload in client.list_multipart_uploads(oss.ListMultipartUploadsRequest(bucket=BUCKET)).uploads or []:
        abort = oss.AbortMultipartUploadRequest(bucket=BUCKET, key=upload.key, upload_id=upload.upload_id)
        client.abort_multipart_upload(abort)
    return client
