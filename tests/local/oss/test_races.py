"""Concurrent writes to one object: its content and its record are always those of the same write."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_bcs.local.error_response import ErrorResponse
from airflow_provider_bcs.local.oss.object_api import ObjectApi
from airflow_provider_bcs.local.oss.objects import Objects, StoredObject
from airflow_provider_bcs.local.oss.received import Received
from airflow_provider_bcs.local.oss.records import SCHEMA, Record, Records
from airflow_provider_bcs.local.oss.request import ObjectRequest
from airflow_provider_bcs.local.store import Store

BUCKET = "tests"


def put(objects: Objects, text: str, key: str = "x") -> None:
    with Received(objects.incoming) as content:
        content.write(text.encode())
        objects.put(BUCKET, key, content, {"content-type": f"text/{text}"})


class InterruptedRecords(Records):
    """Records that put another content between the opening of a file and the look-up of its record."""

    objects: Objects
    next = ""

    def find(self, bucket: str, key: str, status: os.stat_result) -> Record | None:
        text, self.next = self.next, ""
        if text:
            put(self.objects, text)
        return super().find(bucket, key, status)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[InterruptedRecords]:
    (tmp_path / "oss" / BUCKET).mkdir(parents=True)
    store = Store(tmp_path / "state.sqlite", SCHEMA)
    records = InterruptedRecords(store)
    records.objects = Objects(tmp_path, records)
    yield records
    store.close()


def test_a_reader_does_not_take_the_headers_of_a_new_content(records: InterruptedRecords, tmp_path: Path) -> None:
    put(records.objects, "old")
    before = time.time() - 100
    os.utime(tmp_path / "oss" / BUCKET / "x", (before, before))
    records.next = "new"
    for _ in range(2):
        stored, file = records.objects.open(BUCKET, "x")
        with file:
            assert (stored.content_type, file.read()) == ("text/new", b"new")


class DeletedObjects(Objects):
    """Objects that are deleted as soon as they are stored."""

    def put(self, bucket: str, key: str, *args: Any, **options: Any) -> StoredObject:
        stored = super().put(bucket, key, *args, **options)
        self.delete(bucket, key)
        return stored


def test_a_copy_that_is_deleted_at_once_was_made_all_the_same(records: InterruptedRecords, tmp_path: Path) -> None:
    put(records.objects, "source")
    copy = ObjectRequest("PUT", {"Bucket": BUCKET, "Key": "copy"}, [], {"x-oss-copy-source": f"/{BUCKET}/x"})
    (route, *_) = ObjectApi(DeletedObjects(tmp_path, records)).routes()
    assert route.operation == "oss.CopyObject"
    assert route.handler(copy).status_code == 200
    assert list(records.objects.walk(BUCKET)) == ["x"]


def test_what_a_program_writes_is_not_removed_with_an_empty_folder(
    records: InterruptedRecords, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "oss" / BUCKET / "x"
    (folder / "empty").mkdir(parents=True)
    rmdir = os.rmdir

    def write_before(path: str) -> None:
        (folder / "written").touch()
        rmdir(path)

    monkeypatch.setattr(os, "rmdir", write_before)
    with pytest.raises(ErrorResponse, match="'x' cannot be a file: it is a directory"):
        put(records.objects, "new")
    assert (folder / "written").exists()
