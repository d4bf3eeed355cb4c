"""Versions of oss2, which sign in four ways, and what builds on it: ossfs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.environments import run_python, version
from tests.local.service import Service

pytestmark = pytest.mark.clients

#: Operations of which a program that leaves them out has not used the client.
OPERATIONS = (
    "AppendObject CompleteMultipartUpload CopyObject DeleteMultipleObjects GetObject HeadObject ListBuckets ListObjects"
    " ListObjectsV2 PutBucket PutObject UploadPartCopy"
)


@pytest.mark.parametrize("proxied", [False, True], ids=["bucket in the path", "bucket in the host name"])
@pytest.mark.parametrize(("name", "expected"), [("oss2-2.15", "2.15.0"), ("ossfs", "2.18.4"), ("alipai", "2.19.1")])
def test_oss2(name: str, expected: str, proxied: bool, service: Service, tmp_path: Path) -> None:
    assert version(name, "oss2") == expected
    made = run_python(name, "oss2_objects", service, tmp_path, proxied=proxied)
    assert [name for name in OPERATIONS.split() if not made[f"oss.{name}"]] == []


def test_ossfs(service: Service, tmp_path: Path) -> None:
    assert version("ossfs", "ossfs") == "2025.5.0"
    service.put_object("ossfs-given/table.csv", "a,b\n1,2\n")
    run_python("ossfs", "ossfs_files", service, tmp_path)
    assert service.object("ossfs-given/copied.csv") == "a,b\n1,2\n"
