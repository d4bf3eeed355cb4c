"""The vendor's SDKs of PAI-DLC and BatchCompute for Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.environments import run_python, version
from tests.local.service import Service

pytestmark = pytest.mark.clients

PAI_DLC = "alibabacloud-pai-dlc20201203"


@pytest.mark.parametrize(("name", "expected"), [("dlc-1.0.0", "1.0.0"), ("", "1.11.6")], ids=["1.0.0", "newest"])
def test_pai_dlc(name: str, expected: str, service: Service, tmp_path: Path) -> None:
    assert version(name, PAI_DLC) == expected
    made = run_python(name, "dlc_jobs", service, tmp_path)
    operations = "CreateJob GetJob GetJobEvents GetPodEvents GetPodLogs ListEcsSpecs ListJobs StopJob"
    assert [each for each in operations.split() if not made[f"dlc.{each}"]] == []


def test_alipai(service: Service, tmp_path: Path) -> None:
    assert version("alipai", "alipai") == "0.4.13"
    made = run_python("alipai", "alipai_jobs", service, tmp_path)
    operations = "dlc.DeleteJob dlc.GetJobEvents dlc.GetPodLogs dlc.ListEcsSpecs dlc.ListJobs dlc.StopJob oss.PutObject"
    assert [each for each in operations.split() if not made[each]] == []


def test_aliyun_python_sdk_core(service: Service, tmp_path: Path) -> None:
    assert version("alipai", "aliyun-python-sdk-core") == "2.16.1"
    (service.data_dir / "oss" / "core-logs").mkdir(exist_ok=True)
    made = run_python("alipai", "sdk_core", service, tmp_path)
    operations = "batchcompute.CreateJob batchcompute.ListInstances dlc.CreateJob dlc.GetPodLogs dlc.StopJob"
    assert [each for each in operations.split() if not made[each]] == []
    assert [service.object(f"core-logs/{name}") for name in service.objects("core-logs") if "stdout" in name] == [
        "hello\n",
        "hello\n",
    ]
