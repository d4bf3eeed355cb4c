"""The PAI-DLC port against the local service, in a process that never imports Airflow."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from airflow_provider_bcs import exceptions
from airflow_provider_bcs.dlc import CheckedJob, Client
from airflow_provider_bcs.dlc.port import DlcPort
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from tests.child import LIMIT
from tests.conftest import keys_of
from tests.http.answering import answering


def test_each_method_without_airflow(service):
    command = [sys.executable, "-m", "tests.dlc.port_walk", *keys_of(service)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    assert any(line.endswith("out of cheese") for line in lines)
    found = json.loads(last)
    assert found.pop("violations") > 0
    assert found == {
        "warnings": [],
        "workspace": "12345",
        "found again": True,
        "state": "Failed",
        "stopped": "Stopped",
        "reason": True,
        "a pod failed": True,
        "states": ["Failed", "Stopped"],
        "left to read": [],
        "imports of airflow": [],
    }


def test_a_job_without_a_workspace_says_so_in_the_cloud_only(dlc, caplog):
    caplog.set_level(logging.INFO)
    log = logging.getLogger(__name__)
    without = CheckedJob({})
    assert DlcPort(dlc).prepare(without, log) is without
    assert caplog.messages == []
    cloud = Client("cn-shanghai", "key-id", "secret")
    assert DlcPort(cloud).prepare(without, log) is without
    assert "default workspace" in caplog.text
    cloud.close()


@pytest.mark.parametrize(("code", "expected"), [("3", {"dlc1-worker-0": 3}), ("", {}), ("unknown", {})])
def test_exit_codes_of_failed_pods(code, expected):
    """The code of a pod is a text, which the service may leave out."""

    def answer(path: str) -> tuple[int, Any]:
        if path.partition("?")[0].endswith("/logs"):
            return 200, {"Logs": ["out of cheese"]}
        failed = {"PodId": "dlc1-worker-0", "Status": "Failed", "StatusDetail": {"ExitCode": code}}
        return 200, {"JobId": "dlc1", "Status": "Failed", "Pods": [failed, {"PodId": "dlc1-master-0"}]}

    with answering(answer) as url:
        port = DlcPort(Client(url, "local", ACCESS_KEY_SECRET))
        error = port.explain("dlc1", "Failed")
        port.close()
    assert error is not None
    assert (error.job_id, error.state, error.exit_codes) == ("dlc1", "Failed", expected)
    assert str(error).endswith("out of cheese")


@pytest.mark.parametrize(
    ("job", "pod", "kind"),
    [
        ({}, {"StatusDetail": {"ExitCode": "3"}}, exceptions.ProgramFailedError),
        ({}, {"StatusDetail": {"ExitCode": "137", "Reason": "Preempted"}}, exceptions.MachineLostError),
        ({}, {"SubStatus": "Evicted"}, exceptions.MachineLostError),
        ({"ReasonCode": "JobPreempted"}, {"StatusDetail": {"ExitCode": "143"}}, exceptions.MachineLostError),
        ({"ReasonMessage": "Spot instance reclaimed."}, {}, exceptions.MachineLostError),
        ({"ReasonCode": "JobRunTimeExceeded"}, {}, exceptions.TimeLimitError),
        ({"Status": "Stopped"}, {}, exceptions.JobStoppedError),
        ({}, {}, exceptions.JobFailedError),
    ],
)
def test_the_class_of_a_failure(job, pod, kind):
    def answer(path: str) -> tuple[int, Any]:
        if path.partition("?")[0].endswith("/logs"):
            return 200, {"Logs": ["out of cheese"]}
        failed = {"PodId": "dlc1-worker-0", "Status": "Failed", "NodeName": "node-1", **pod}
        return 200, {"JobId": "dlc1", "Status": "Failed", "Pods": [failed], **job}

    with answering(answer) as url:
        port = DlcPort(Client(url, "local", ACCESS_KEY_SECRET))
        error = port.explain("dlc1", job.get("Status", "Failed"))
        port.close()
    assert type(error) is kind
    assert [(part.host, part.last_lines) for part in error.parts] == [("node-1", ("out of cheese",))]
    assert "(its host: node-1)" in str(error)
