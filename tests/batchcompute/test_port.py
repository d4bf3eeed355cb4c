"""The BatchCompute port against the local service, in a process that never imports Airflow."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time

import pytest

from airflow_provider_bcs.batchcompute.port import BatchComputePort, check_retry_strategy
from airflow_provider_bcs.batchcompute.target import Target
from airflow_provider_bcs.exceptions import JobFailedError, JobStoppedError, ProgramFailedError, TimeLimitError
from airflow_provider_bcs.waiting.polling import wait_for_end
from tests.batchcompute.jobs import job, task
from tests.child import LIMIT
from tests.conftest import keys_of

log = logging.getLogger(__name__)


def test_each_method_without_airflow(service):
    url, key_id, secret = keys_of(service)
    command = [sys.executable, "-m", "tests.batchcompute.port_walk", url, service.ready["oss"], key_id, secret]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found.pop("violations") > 0
    assert found == {
        "warnings": [],
        "found again": True,
        "state": "Failed",
        "failed": "Failed",
        "reason": True,
        "exit codes": {"a/0": 3},
        "exit codes of the task": {"a/0": 3},
        "states": ["Failed", "Stopped"],
        "logged": ["  | out of cheese"],
        "remaining": [],
        "imports of airflow": [],
    }


def test_without_objects_logs_are_named_only(client):
    port = BatchComputePort(client)
    assert list(port.read_logs("job-1")) == []
    assert port.explain("job-1", "Finished") is None
    assert isinstance(port.explain("job-1", "Failed"), JobFailedError)
    port.close()


@pytest.mark.parametrize(("strategy", "is_another"), [("restart", False), ("resubmit", True)])
def test_a_further_attempt_follows_the_strategy(client, strategy, is_another):
    port = BatchComputePort(client, retry_strategy=strategy)
    owner = {"run": f"port-{strategy}", "generation": 0}
    description = port.prepare(port.check_job(job({"a": task("false")})), log)
    first = port.submit(description, owner, resume=False)
    poll = port.poll(Target(first), log)
    while (status := poll()) is None or not status.is_terminal:
        time.sleep(0.1)
    second = port.submit(description, owner, resume=True)
    assert (second != first) == is_another


def test_strategies():
    check_retry_strategy("restart")
    with pytest.raises(ValueError, match="retry_strategy: found 'again'; expected 'restart' or 'resubmit'"):
        check_retry_strategy("again")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (task("sh -c 'exit 3'"), ProgramFailedError),
        (task("sleep 60", Timeout=1), TimeLimitError),
        # Its command does not run, although the result has an exit code.
        (task("'"), JobFailedError),
    ],
)
def test_the_class_of_a_failure(client, content, kind):
    port = BatchComputePort(client)
    job_id = client.create_job(job({"a": content}))
    target = port.target(job_id)
    assert wait_for_end(port.poll(target, logging.getLogger(__name__)), 0.05) == "Failed"
    for error in (port.explain(job_id, "Failed"), port.explain_task(job_id, "a", "Failed")):
        assert type(error) is kind
        assert [part.host for part in error.parts] == ["127.0.0.1"]


def test_a_job_that_was_stopped(client):
    job_id = client.create_job(job({"a": task("sleep 60")}))
    client.stop_job(job_id)
    assert type(BatchComputePort(client).explain(job_id, "Stopped")) is JobStoppedError
