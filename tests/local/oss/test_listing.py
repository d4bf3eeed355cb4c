"""Listings with random keys, prefixes, delimiters and page sizes, compared with a dict."""

from __future__ import annotations

import os
import re
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import alibabacloud_oss_v2 as oss
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_bcs.local.error_response import ErrorResponse
from airflow_provider_bcs.local.oss.listing import page
from airflow_provider_bcs.local.oss.objects import Objects
from airflow_provider_bcs.local.oss.received import Received
from airflow_provider_bcs.local.oss.records import SCHEMA, Records
from airflow_provider_bcs.local.store import Store
from tests.local.service import Service

from .conftest import BUCKET, code
from .raw import raw_request

NAMES = st.text("ab-.0é\U0010ffff", min_size=1, max_size=3).filter(lambda name: name not in (".", ".."))
KEYS = st.builds(
    lambda names, end: "/".join(names) + end, st.lists(NAMES, min_size=1, max_size=3), st.sampled_from(["", "", "/"])
)
STEPS = st.lists(st.tuples(st.sampled_from(["put", "put", "delete"]), KEYS), max_size=25)


def conflicts(key: str, others: set[str]) -> bool:
    """Tell whether a key cannot be a file beside the other keys."""
    name = key.rstrip("/")
    return any(
        # One key is a file where the other one needs a directory.
        (other.rstrip("/") == name and other != key)
        or (other.startswith(f"{name}/") and not key.endswith("/"))
        or (key.startswith(f"{other}/") and not other.endswith("/"))
        for other in others
    )


def expected_page(keys: set[str], prefix: str, delimiter: str, after: str) -> list[str]:
    found = []
    for key in sorted(keys):
        if key.startswith(prefix):
            head, is_below, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            found.append(prefix + head + delimiter if is_below else key)
    return [entry for entry in dict.fromkeys(found) if entry > after]


@settings(max_examples=100)
@given(steps=STEPS, prefix=st.text("ab/-", max_size=3), delimiter=st.sampled_from(["", "/", "-", "/a"]), data=st.data())
def test_model(steps: list[tuple[str, str]], prefix: str, delimiter: str, data: Any) -> None:
    model: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "oss").mkdir()
        store = Store(root / "state.sqlite", SCHEMA)
        objects = Objects(root, Records(store))
        objects.create_bucket(BUCKET)
        for number, (step, key) in enumerate(steps):
            content = b"" if key.endswith("/") else str(number).encode()
            if step == "delete":
                objects.delete(BUCKET, key)
                model.pop(key, None)
                continue
            try:
                with Received(objects.incoming) as received:
                    received.write(content)
                    objects.put(BUCKET, key, received, {"x-oss-meta-number": str(number)})
            except ErrorResponse as refusal:
                outcome = refusal.code
            else:
                outcome = ""
                model[key] = content
            assert outcome == ("FileAlreadyExists" if conflicts(key, set(model) - {key}) else "")
        assert list(objects.walk(BUCKET)) == sorted(model)
        for key, content in model.items():
            stored, file = objects.open(BUCKET, key)
            with file:
                assert file.read() == content
            assert stored.size == len(content)

        size = data.draw(st.integers(1, 4))
        entries: list[str] = []
        after = ""
        for _ in range(100):
            found = page(objects.walk(BUCKET, prefix, after), delimiter, size)
            entries += found.entries
            after = found.next
            if not after:
                break
        assert entries == expected_page(set(model), prefix, delimiter, "")
        store.close()


@pytest.mark.parametrize("encode", [quote, quote_plus])
@pytest.mark.parametrize("parameter", ["marker", "start-after", "prefix", "delimiter"])
def test_a_space_and_a_plus_sign_in_a_query(
    service: Service, store: oss.Client, parameter: str, encode: Callable[[str], str]
) -> None:
    keys = ["plus/a b/1", "plus/a b/2", "plus/a+b/1", "plus/a+b/2"]
    for key in keys:
        store.put_object(oss.PutObjectRequest(bucket=BUCKET, key=key, body=b""))
    shown = {
        "marker": ("plus/a b/1", keys[1:]),
        "start-after": ("plus/a b/2", keys[2:]),
        "prefix": ("plus/a b/", keys[:2]),
        "delimiter": ("a b", [*keys[2:], "plus/a b"]),
    }
    value, expected = shown[parameter]
    query = {"prefix": "plus/", parameter: value} | ({"list-type": "2"} if parameter == "start-after" else {})
    status, body = raw_request(service, "GET", query=query, encode=encode)
    root = ElementTree.fromstring(body)
    found = [each.text for each in root.findall("Contents/Key") + root.findall("CommonPrefixes/Prefix")]
    assert (status, found) == (200, expected)


def test_what_begins_behind_a_part_of_the_prefix(store: oss.Client) -> None:
    for key in ("a/b1", "a/b2/c"):
        store.put_object(oss.PutObjectRequest(bucket=BUCKET, key=key, body=b""))
    found = store.list_objects_v2(
        oss.ListObjectsV2Request(bucket=BUCKET, prefix="a/b", start_after="a/", delimiter="/")
    )
    assert [entry.key for entry in found.contents] == ["a/b1"]
    assert [entry.prefix for entry in found.common_prefixes] == ["a/b2/"]


def test_keys_of_the_last_character_are_below_their_prefix(store: oss.Client) -> None:
    for name in ("x", "y"):
        store.put_object(oss.PutObjectRequest(bucket=BUCKET, key=f"last/\U0010ffff\U0010ffff{name}", body=b""))
    pages = store.list_objects_v2_paginator(limit=1).iter_page(oss.ListObjectsV2Request(bucket=BUCKET, delimiter="/"))
    assert [entry.prefix for found in islice(pages, 3) for entry in found.common_prefixes or []] == ["last/"]


def test_directories_that_are_deeper_than_any_key(store: oss.Client, service: Service) -> None:
    bucket_directory, longest = service.data_dir / "oss/deep-bucket", "a/" * 511 + "f"
    for depth in range(1500):
        os.mkdir(bucket_directory / ("a/" * depth))
    files = [bucket_directory / longest, bucket_directory / ("a/" * 1499 + "f")]
    for file in files:
        file.touch()
    request = oss.ListObjectsV2Request(bucket="deep-bucket")
    assert [entry.key for entry in store.list_objects_v2(request).contents] == [longest]
    bucket = oss.DeleteBucketRequest(bucket="deep-bucket")
    assert code(lambda: store.delete_bucket(bucket)) == (409, "BucketNotEmpty")
    for file in files:
        file.unlink()
    store.delete_bucket(bucket)


def test_pages_of_the_vendors_client(store: oss.Client, service: Service) -> None:
    names = [f"many/{number:03}/x" for number in range(25)] + ["a b+%ü", "line\nbreak", "z"]
    for name in names:
        service.put_object(f"{BUCKET}/{name}", name)
    pages = list(store.list_objects_v2_paginator(limit=10).iter_page(oss.ListObjectsV2Request(bucket=BUCKET)))
    assert [len(found.contents) for found in pages] == [10, 10, 8]
    assert [entry.key for found in pages for entry in found.contents] == sorted(names)
    assert pages[0].contents[0].size == len("a b+%ü".encode())
    old = store.list_objects_paginator(limit=4).iter_page(
        oss.ListObjectsRequest(bucket=BUCKET, prefix="many/", delimiter="/")
    )
    assert [entry.prefix for found in old for entry in found.common_prefixes] == [
        f"many/{number:03}/" for number in range(25)
    ]
    after = store.list_objects_v2(oss.ListObjectsV2Request(bucket=BUCKET, start_after="many/020/x", max_keys=3))
    assert [entry.key for entry in after.contents] == list(islice(sorted(names), 23, 26))


def test_an_empty_continuation_token_begins_after_start_after(store: oss.Client, service: Service) -> None:
    for name in ("a", "b", "c", "d"):
        store.put_object(oss.PutObjectRequest(bucket=BUCKET, key=name, body=b""))
    query = {"list-type": "2", "continuation-token": "", "start-after": "b", "max-keys": "1"}
    status, answer = raw_request(service, "GET", query=query)
    assert (status, re.findall(rb"<Key>(.*?)</Key>", answer)) == (200, [b"c"])
    assert b"<ContinuationToken>" not in answer
    token = re.findall(rb"<NextContinuationToken>(.*?)</NextContinuationToken>", answer)[0].decode()
    status, answer = raw_request(service, "GET", query={**query, "continuation-token": token})
    assert (status, re.findall(rb"<Key>(.*?)</Key>", answer)) == (200, [b"d"])


def test_pages_of_buckets(store: oss.Client, service: Service) -> None:
    names = [f"paged-{number}" for number in range(5)]
    for name in names:
        (service.data_dir / "oss" / name).mkdir()
    request = oss.ListBucketsRequest(prefix="paged-", marker="paged-0")
    try:
        pages = list(store.list_buckets_paginator(limit=2).iter_page(request))
        assert [[bucket.name for bucket in page.buckets] for page in pages] == [names[1:3], names[3:]]
        assert [(page.max_keys, page.is_truncated, page.next_marker) for page in pages] == [
            (2, True, "paged-2"),
            (2, False, None),
        ]
        assert [(page.prefix, page.marker) for page in pages] == [("paged-", "paged-0"), ("paged-", "paged-2")]
    finally:
        for name in names:
            (service.data_dir / "oss" / name).rmdir()
