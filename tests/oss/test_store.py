"""The object store by ``oss://`` addresses, on the local service."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from airflow_provider_bcs.exceptions import AccessDeniedError, NoAnswerError, NotFoundError, ServerError, ServiceError
from airflow_provider_bcs.http.credentials import Credentials
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from airflow_provider_bcs.oss import ObjectStore
from tests.child import LIMIT
from tests.http.test_session import canned
from tests.local.service import Service
from tests.local.test_faults import counted

LOCAL = Credentials("local", ACCESS_KEY_SECRET)


@pytest.fixture
def store(service: Service) -> Iterator[ObjectStore]:
    (service.data_dir / "oss/objects").mkdir(exist_ok=True)
    return ObjectStore("local", endpoint=service.ready["oss"], credentials=LOCAL, attempts=3)


def test_upload_exists_read(store: ObjectStore, service: Service, tmp_path: Path) -> None:
    uri = "oss://objects/a/ü b?.txt"
    assert not store.exists(uri)
    (tmp_path / "file").write_text("0123456789")
    store.upload(tmp_path / "file", uri)
    assert store.exists(uri)
    assert service.object("objects/a/ü b?.txt") == "0123456789"
    assert store.read_range(uri, 2, 5) == b"234"
    assert store.read_range(uri, 8, 50) == b"89"
    assert store.read_range(uri, 10, 50) == b""


def test_large_files_go_in_parts(store: ObjectStore, service: Service, tmp_path: Path) -> None:
    with open(tmp_path / "file", "wb") as file:
        file.truncate(20_000_000)
    before = counted(service, "oss.UploadPart")
    store.upload(tmp_path / "file", "oss://objects/large")
    assert (service.data_dir / "oss/objects/large").stat().st_size == 20_000_000
    assert counted(service, "oss.UploadPart") > before


def test_errors_are_those_of_the_services(store: ObjectStore, service: Service, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="NoSuchKey"):
        store.read_range("oss://objects/nothing", 0, 1)
    with pytest.raises(NotFoundError, match="NoSuchBucket"):
        store.exists("oss://no-such-bucket/x")
    wrong = ObjectStore("local", endpoint=service.ready["oss"], credentials=Credentials("local", "wrong"))
    with pytest.raises(AccessDeniedError, match="secret is wrong"):
        wrong.read_range("oss://objects/x", 0, 1)
    nobody = ObjectStore("local", endpoint="http://127.0.0.1:9", credentials=LOCAL, attempts=1)
    with pytest.raises(NoAnswerError, match="127.0.0.1:9"):
        nobody.exists("oss://objects/x")
    for uri in ("objects/x", "oss://objects", "oss:///x", "oss://B_1/x"):
        with pytest.raises(ValueError, match="objects|Bucket name|oss:///x"):
            store.exists(uri)
    with pytest.raises(ValueError, match="oss_endpoint"):
        ObjectStore("local", endpoint="http://host/path", credentials=LOCAL)


def test_retries(store: ObjectStore, service: Service, faults: Callable[..., None]) -> None:
    service.put_object("objects/x", "x")
    faults({"operation": "oss.GetObject", "kind": "error-500", "times": 2})
    assert store.read_range("oss://objects/x", 0, 1) == b"x"
    faults({"operation": "oss.GetObject", "kind": "error-500"})
    with pytest.raises(ServerError):
        store.read_range("oss://objects/x", 0, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    keys = Credentials("id", "the-secret", "the-token")
    with canned() as (other, elsewhere), canned(status, b"", Location=f"{other}/objects/x") as (url, seen):
        store = ObjectStore("local", endpoint=url, credentials=keys, attempts=1)
        for ask in (
            lambda: store.exists("oss://objects/x"),
            lambda: store.read_range("oss://objects/x", 0, 1),
            lambda: store.upload(tmp_path / "file", "oss://objects/x"),
        ):
            with pytest.raises(ServiceError) as error:
                ask()
            assert error.value.status == status
            assert "the-" not in str(error.value)
    assert (len(seen), elsewhere) == (3, [])


def test_no_proxy_to_this_machine(store: ObjectStore, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    service.put_object("objects/x", "x")
    assert store.exists("oss://objects/x")


MEASURE = """
import sys
from airflow_provider_bcs.oss import ObjectStore
from airflow_provider_bcs.http.credentials import Credentials
def peak():
    # Not ru_maxrss, which a process has from the one that started it.
    return int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
credentials = Credentials("local", "bcs-local-secret-9f3a")
store = ObjectStore("local", endpoint=sys.argv[1], credentials=credentials)
store.head_and_tail("oss://objects/small", 100, 100)
before = peak()
found = store.head_and_tail("oss://objects/stdout", 100, 100)
print(peak() - before, len(found.lines()), found.last[-1])
"""


def test_a_large_log_costs_little_memory(store: ObjectStore, service: Service) -> None:
    service.put_object("objects/small", "one line\n")
    with open(service.data_dir / "oss/objects/stdout", "w") as file:
        for number in range(200):
            file.write("".join(f"line {number * 10_000 + line:093}\n" for line in range(10_000)))
    assert (service.data_dir / "oss/objects/stdout").stat().st_size > 190_000_000
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, service.ready["oss"]], capture_output=True, text=True, check=True, timeout=LIMIT
    )
    kilobytes, lines, last = done.stdout.split(maxsplit=2)
    assert int(kilobytes) < 10_000
    assert (int(lines), last.strip()) == (201, f"line {1_999_999:093}")


def test_what_was_written_since(store: ObjectStore, service: Service) -> None:
    for key in ("old", "folder/old", "folder/new/er", "stale/x", "stale/y/z", "marker/", "named/x"):
        service.put_object(f"since/{key}", "")
    for key in ("old", "folder/old", "stale/x", "stale/y/z"):
        os.utime(service.data_dir / "oss/since" / key, (1_700_000_000, 1_700_000_000))
    since = datetime.fromtimestamp(time.time() - 600, timezone.utc)
    before = datetime.fromtimestamp(1_700_000_000.9, timezone.utc)
    uris = [
        "old",
        "marker/",
        "folder/",
        "folder",
        "folder/new/",
        "folder/n",
        "stale/",
        "none",
        "none/",
        "named/x",
        "named",
    ]
    written = {uri for uri in (*uris, "") if store.is_written(f"oss://since/{uri}", since)}
    assert written == {"folder/", "folder", "folder/new/", "named/x", "named", ""}
    # To the second.
    assert store.is_written("oss://since/old", before)
    assert not store.is_written("oss://since/old", before + timedelta(seconds=1))
    assert not store.is_written("oss://no-such-bucket/x", since)
    assert not store.is_written("oss://no-such-bucket/", since)
    nobody = ObjectStore("local", endpoint="http://127.0.0.1:9", credentials=LOCAL, attempts=1)
    for uri in ("oss://since/old", "oss://since/"):
        with pytest.raises(NoAnswerError):
            nobody.is_written(uri, since)


def test_a_folder_of_many_pages(store: ObjectStore, service: Service) -> None:
    folder = service.data_dir / "oss/pages/f"
    folder.mkdir(parents=True)
    for number in range(2_100):
        (folder / f"{number:05}").touch()
        os.utime(folder / f"{number:05}", (1_700_000_000, 1_700_000_000))
    since = datetime.fromtimestamp(time.time() - 600, timezone.utc)
    assert not store.is_written("oss://pages/f/", since)
    (folder / "02099").touch()
    assert store.is_written("oss://pages/f/", since)
