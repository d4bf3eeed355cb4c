"""Triggers of a service that answers late, or not now."""

from __future__ import annotations

import asyncio
import time

import pytest

from airflow_provider_bcs.http import client as client_module
from airflow_provider_bcs.http.session import RetryPolicy
from airflow_provider_bcs.triggers import state as state_module
from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger
from airflow_provider_bcs.triggers.batchcompute_task import BatchComputeTaskTrigger
from airflow_provider_bcs.triggers.dlc import DlcJobTrigger
from tests.airflow.running import trigger_events
from tests.batchcompute.jobs import job, task
from tests.dlc.jobs import job as dlc_job
from tests.local.service import wait_until

pytestmark = pytest.mark.usefixtures("connection", "impatient")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one failed request be one failed poll, and events come at once."""
    monkeypatch.setattr(client_module, "RetryPolicy", lambda: RetryPolicy(attempts=1))
    monkeypatch.setattr(state_module, "_SETTLING", 0)


def test_a_job_with_logs_is_waited_for_although_the_service_is_down_in_the_beginning(dlc, faults):
    submitted = dlc.create_job(dlc_job()).JobId
    faults({"operation": "dlc.GetJob", "kind": "error-500", "times": 3})
    assert trigger_events(DlcJobTrigger(submitted, 100, poll_interval=0.1)) == [
        {"job_id": submitted, "state": "Succeeded"}
    ]


def test_a_job_with_logs_that_nothing_is_known_of_is_late_in_time(dlc, faults):
    submitted = dlc.create_job(dlc_job()).JobId
    faults({"operation": "dlc.GetJob", "kind": "error-500"})
    trigger = DlcJobTrigger(submitted, 100, poll_interval=0.2, deadline=time.time() + 1)
    assert trigger_events(trigger) == [{"job_id": submitted, "timeout": True}]


def test_an_end_between_the_last_poll_and_the_deadline_is_no_timeout(client):
    submitted = client.create_job(job({"a": task("true")}))
    wait_until(lambda: client.get_job(submitted).is_terminal)
    for names in ((), ("a",)):
        trigger = BatchComputeTrigger(submitted.Id, *names, poll_interval=1e8, deadline=time.time() + 0.3)
        assert trigger_events(trigger) == [{"job_id": submitted.Id, "state": "Finished"}]


def test_a_timeout_is_told_when_the_last_look_fails(client, faults):
    submitted = client.create_job(job({"a": task("true")}))
    for kind in ("error-500", "drop-before", "garbage"):
        faults({"operation": "*", "kind": kind})
        trigger = BatchComputeTrigger(submitted.Id, poll_interval=1e8, deadline=time.time() + 0.1)
        assert trigger_events(trigger) == [{"job_id": submitted.Id, "timeout": True}]


def test_what_a_program_printed_is_not_shown_while_its_secrets_are_not_known(client, faults):
    command = task("sh -c 'echo $PASSWORD >&2; exit 1'")
    command["Parameters"]["Command"]["EnvVars"] = {"PASSWORD": "opensesame-7Q"}
    submitted = client.create_job(job({"a": command}))
    wait_until(lambda: client.get_job(submitted).is_terminal)
    detail = next(client.list_instances(submitted, "a")).Result.Detail
    assert "opensesame-7Q" in detail
    faults({"operation": "batchcompute.GetJobDescription", "kind": "error-500"})
    found = asyncio.run(BatchComputeTaskTrigger(submitted.Id, "a")._explained("Failed"))
    assert "opensesame-7Q" not in found
    assert "is Failed" in found
    assert "InternalError" in found
