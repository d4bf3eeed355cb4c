"""AppendObject: positions, object types, checksums, readers, and a service that is killed."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import threading
from pathlib import Path
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest

from airflow_provider_bcs.local.oss.objects import Objects
from airflow_provider_bcs.local.oss.received import Received
from airflow_provider_bcs.local.oss.records import SCHEMA, Records
from airflow_provider_bcs.local.store import Store
from tests.local.service import Service

from .conftest import BUCKET, code, oss_client
from .raw import raw_request


def append(store: oss.Client, position: int, body: bytes, key: str = "log", **options: Any) -> oss.AppendObjectResult:
    request = oss.AppendObjectRequest(bucket=BUCKET, key=key, position=position, body=body, **options)
    return store.append_object(request)


def head(store: oss.Client, key: str = "log") -> oss.HeadObjectResult:
    return store.head_object(oss.HeadObjectRequest(bucket=BUCKET, key=key))


def content(store: oss.Client, key: str = "log") -> bytes:
    return bytes(store.get_object(oss.GetObjectRequest(bucket=BUCKET, key=key)).body.content)


def test_positions_and_checksums(store: oss.Client, service: Service) -> None:
    first = append(store, 0, b"one\n", content_type="text/x-log", metadata={"attempt": "1"})
    assert first.next_position == 4
    assert first.headers["ETag"] == '"{}"'.format(hashlib.md5(b"one\n", usedforsecurity=False).hexdigest().upper())
    second = append(store, 4, b"two\n", content_type="text/other")
    assert second.next_position == 8
    assert second.headers["ETag"] != first.headers["ETag"]
    # The client compares this checksum with one that it computes from the previous one.
    assert (
        second.hash_crc64
        == store.put_object(oss.PutObjectRequest(bucket=BUCKET, key="x", body=b"one\ntwo\n")).hash_crc64
    )
    assert (service.data_dir / "oss" / BUCKET / "log").read_bytes() == b"one\ntwo\n"
    found = head(store)
    assert (found.object_type, found.next_append_position, found.content_length) == ("Appendable", 8, 8)
    assert (found.content_type, found.metadata["attempt"], found.content_md5) == ("text/x-log", "1", None)
    assert (found.etag, found.hash_crc64) == (second.headers["ETag"], second.hash_crc64)
    listed = store.list_objects_v2(oss.ListObjectsV2Request(bucket=BUCKET, prefix="log")).contents[0]
    assert (listed.object_type, listed.size, listed.etag) == ("Appendable", 8, second.headers["ETag"])


def test_a_wrong_position_names_the_right_one(store: oss.Client, service: Service) -> None:
    assert code(lambda: append(store, 1, b"x")) == (409, "PositionNotEqualToLength")
    append(store, 0, b"12345")
    for position in (0, 4, 6):
        with pytest.raises(oss.exceptions.OperationError) as caught:
            append(store, position, b"x")
        error = caught.value.unwrap()
        assert isinstance(error, oss.exceptions.ServiceError)
        assert (error.status_code, error.code) == (409, "PositionNotEqualToLength")
        assert error.headers["x-oss-next-append-position"] == "5"
        assert error.headers["x-oss-hash-crc64ecma"] == head(store).hash_crc64
    assert content(store) == b"12345"
    for text in ("", "-1", "x", "99999999999"):
        status, answer = raw_request(service, "POST", key="log", query={"append": "", "position": text}, body=b"x")
        assert (status, b"<Code>InvalidArgument<" in answer) == (400, True)
    assert raw_request(service, "POST", key="log", query={"append": ""}, body=b"x")[0] == 400


def test_an_empty_append(store: oss.Client, service: Service) -> None:
    assert append(store, 0, b"").next_position == 0
    assert append(store, 0, b"x").next_position == 1
    before = (service.data_dir / "oss" / BUCKET / "log").stat().st_mtime_ns
    assert append(store, 1, b"").next_position == 1
    assert (service.data_dir / "oss" / BUCKET / "log").stat().st_mtime_ns > before
    assert append(store, 1, b"y").next_position == 2
    assert content(store) == b"xy"


def test_the_append_only_file_of_the_vendors_client(store: oss.Client, service: Service) -> None:
    create = oss.AppendObjectRequest(content_type="text/x-log", metadata={"a": "b"}, acl="private")
    for text in (b"first\n", b"second\n"):
        with store.append_file(BUCKET, "log", create_parameter=create) as file:
            file.write(text)
            file.write(b"more\n")
    assert content(store) == b"first\nmore\nsecond\nmore\n"
    assert (head(store).content_type, head(store).metadata["a"]) == ("text/x-log", "b")


def test_objects_of_other_operations_are_not_appendable(store: oss.Client, service: Service) -> None:
    store.put_object(oss.PutObjectRequest(bucket=BUCKET, key="put", body=b"x"))
    service.put_object(f"{BUCKET}/program", "x")
    append(store, 0, b"x")
    store.copy_object(oss.CopyObjectRequest(bucket=BUCKET, key="copy", source_key="log"))
    for key in ("put", "program", "copy"):
        assert head(store, key).object_type == "Normal"
        assert head(store, key).next_append_position is None
        for position in (0, 1):
            assert code(lambda k=key, p=position: append(store, p, b"x", k)) == (409, "ObjectNotAppendable")  # type: ignore[misc]
    store.put_object(oss.PutObjectRequest(bucket=BUCKET, key="log", body=b"x"))
    assert code(lambda: append(store, 1, b"y")) == (409, "ObjectNotAppendable")
    store.delete_object(oss.DeleteObjectRequest(bucket=BUCKET, key="log"))
    assert append(store, 0, b"again").next_position == 5
    # A program that writes the file makes it an object of its own.
    service.put_object(f"{BUCKET}/log", "again and again")
    assert (head(store).object_type, head(store).content_length) == ("Normal", 15)


def test_keys_that_cannot_be_appended_to(store: oss.Client) -> None:
    append(store, 0, b"", "empty/file")
    store.delete_object(oss.DeleteObjectRequest(bucket=BUCKET, key="empty/file"))
    assert code(lambda: append(store, 0, b"x", "folder/")) == (400, "InvalidObjectName")
    assert append(store, 0, b"x", "empty").next_position == 1
    assert code(lambda: append(store, 0, b"x", "empty/file")) == (409, "FileAlreadyExists")
    append(store, 0, b"x", "used/file")
    assert code(lambda: append(store, 0, b"x", "used")) == (409, "FileAlreadyExists")
    missing = oss.AppendObjectRequest(bucket="nothing", key="x", position=0, body=b"x")
    assert code(lambda: store.append_object(missing)) == (404, "NoSuchBucket")
    assert code(lambda: append(store, 1, b"x", "empty", content_md5="AAAA")) == (400, "InvalidDigest")
    assert content(store, "empty") == b"x"


def test_readers_see_whole_appends(service: Service) -> None:
    (service.data_dir / "oss" / BUCKET).mkdir(exist_ok=True)
    writer, line, count = oss_client(service), b"x" * 9999 + b"\n", 60
    writer.delete_object(oss.DeleteObjectRequest(bucket=BUCKET, key="log"))
    append(writer, 0, line)
    odd: list[Any] = []
    is_done = threading.Event()

    def read() -> None:
        reader = oss_client(service)
        while not is_done.is_set():
            found = reader.get_object(oss.GetObjectRequest(bucket=BUCKET, key="log"))
            if (found.object_type, len(found.body.content) % len(line)) != ("Appendable", 0):
                odd.append(found)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, count):
            append(writer, number * len(line), line)
    finally:
        is_done.set()
        for reader in readers:
            reader.join(30)
    assert odd == []
    assert content(writer) == line * count


def test_appends_survive_a_kill(start_service: Any) -> None:
    own = start_service(name="own")
    (own.data_dir / "oss" / BUCKET).mkdir()
    append(oss_client(own), 0, b"one", metadata={"a": "b"})
    before = append(oss_client(own), 3, b"two")
    own.end(signal.SIGKILL)
    own.start()
    store = oss_client(own)
    assert (head(store).object_type, head(store).etag, head(store).metadata["a"]) == (
        "Appendable",
        before.headers["ETag"],
        "b",
    )
    assert append(store, 6, b"three").next_position == 11


class KilledRecords(Records):
    """Records of a service that is killed before it writes the next record."""

    is_alive = True

    def put(self, *args: Any) -> None:
        if not self.is_alive:
            os.kill(os.getpid(), signal.SIGKILL)
        super().put(*args)


def append_part(objects: Objects, position: int, data: bytes) -> None:
    with Received(objects.incoming) as received:
        received.write(data)
        objects.append(BUCKET, "log", position, received, {})


def test_a_kill_in_the_middle_undoes_the_append(tmp_path: Path) -> None:
    (tmp_path / "oss" / BUCKET).mkdir(parents=True)
    file = tmp_path / "oss" / BUCKET / "log"
    if not (child := os.fork()):
        try:
            records = KilledRecords(Store(tmp_path / "state.sqlite", SCHEMA))
            objects = Objects(tmp_path, records)
            append_part(objects, 0, b"whole ")
            records.is_alive = False
            append_part(objects, 6, b"half")
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert file.read_bytes() == b"whole half"
    for _ in range(2):
        store = Store(tmp_path / "state.sqlite", SCHEMA)
        objects = Objects(tmp_path, Records(store))
        assert file.read_bytes() == b"whole "
        assert objects.find(BUCKET, "log").record.object_type == "Appendable"
        store.close()
    store = Store(tmp_path / "state.sqlite", SCHEMA)
    append_part(Objects(tmp_path, Records(store)), 6, b"text")
    assert file.read_bytes() == b"whole text"
    store.close()


def test_a_failed_append_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "oss" / BUCKET).mkdir(parents=True)
    store = Store(tmp_path / "state.sqlite", SCHEMA)
    records = Records(store)
    objects = Objects(tmp_path, records)
    append_part(objects, 0, b"whole ")

    def fail(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(records, "put", fail)
        with pytest.raises(sqlite3.OperationalError):
            append_part(objects, 6, b"half")
    assert (tmp_path / "oss" / BUCKET / "log").read_bytes() == b"whole "
    append_part(objects, 6, b"text")
    assert objects.find(BUCKET, "log").size == 10
    store.close()
