"""Objects as files: files of programs, directories, links, and names that a file system cannot hold."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import alibabacloud_oss_v2 as oss

from tests.local.service import Service, job, task

from .conftest import BUCKET, code, get, keys, oss_client, put
from .raw import raw_request


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
