"""The vendor's packages for Node."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.environments import environment, run_node
from tests.local.service import Service

pytestmark = pytest.mark.clients

CLIENTS = {
    "ali_oss": ("ali-oss", "6.23.0", "oss.AppendObject oss.CompleteMultipartUpload oss.ListObjectsV2 oss.PutBucket"),
    "aliyun_sdk": (
        "aliyun-sdk",
        "1.12.10",
        "batchcompute.CreateCluster batchcompute.CreateJob batchcompute.StartJob oss.AppendObject oss.UploadPart",
    ),
    "pop_core": ("@alicloud/pop-core", "1.8.0", "batchcompute.CreateJob dlc.CreateJob dlc.GetPodLogs dlc.StopJob"),
}


@pytest.mark.parametrize("program", CLIENTS)
def test_package(program: str, service: Service, tmp_path: Path) -> None:
    name, version, operations = CLIENTS[program]
    package = environment("node") / "node_modules" / name / "package.json"
    assert json.loads(package.read_text())["version"] == version
    made = run_node(program, service, tmp_path)
    assert [each for each in operations.split() if not made[each]] == []
