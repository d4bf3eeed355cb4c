"""Triggers whose connection cannot be read for a moment: a secrets backend or a database that does not answer."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from airflow_provider_bcs.exceptions import MissingConnectionError, NoAnswerError
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.hooks.dlc import DlcHook
from airflow_provider_bcs.http import client as client_module
from airflow_provider_bcs.http.session import RetryPolicy
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from airflow_provider_bcs.triggers import state as state_module
from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger
from airflow_provider_bcs.triggers.batchcompute_task import BatchComputeTaskTrigger
from airflow_provider_bcs.triggers.dlc import DlcJobTrigger
from airflow_provider_bcs.waiting import watcher as watcher_module
from tests.airflow.running import output, trigger_events
from tests.batchcompute.jobs import job, task
from tests.dlc.jobs import job as dlc_job
from tests.local.service import wait_until

pytestmark = pytest.mark.usefixtures("airflow_db", "connection", "impatient")

VARIABLE = "AIRFLOW_CONN_BCS_DEFAULT"
#: What makes Airflow's own secrets backend raise an error while it reads.
UNREADABLE = "{"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one failed request be one failed poll, pauses be short, and events come at once."""
    monkeypatch.setattr(client_module, "RetryPolicy", lambda: RetryPolicy(attempts=1))
    monkeypatch.setattr(watcher_module, "_MAX_PAUSE", 0.1)
    monkeypatch.setattr(watcher_module, "_RECONNECT_PAUSES", (0.1,))
    monkeypatch.setattr(state_module, "_SETTLING", 0)


@pytest.fixture
def unreadable_for(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], threading.Timer]:
    """Make the connection unreadable from now on, for some seconds."""

    def begin(seconds: float) -> threading.Timer:
        timer = threading.Timer(seconds, os.environ.__setitem__, (VARIABLE, os.environ[VARIABLE]))
        monkeypatch.setenv(VARIABLE, UNREADABLE)
        timer.start()
        return timer

    return begin


def ended(client: Any, command: str = "true") -> str:
    submitted = client.create_job(job({"a": task(command)})).Id
    wait_until(lambda: client.get_job(submitted).is_terminal)
    return submitted


def test_a_wait_that_begins_at_that_moment_goes_on(client, unreadable_for):
    submitted = ended(client)
    unreadable_for(0.3)
    trigger = BatchComputeTrigger(submitted, poll_interval=0.2)
    assert trigger_events(trigger) == [{"job_id": submitted, "state": "Finished"}]


def test_a_wait_with_logs_goes_on(dlc, unreadable_for):
    submitted = dlc.create_job(dlc_job()).JobId
    unreadable_for(0.5)
    trigger = DlcJobTrigger(submitted, 100, poll_interval=0.2)
    assert trigger_events(trigger) == [{"job_id": submitted, "state": "Succeeded"}]


class Renewed(DlcHook):
    """A hook whose connection is another one when it is read again."""

    before: ClassVar[dict[str, Any]]

    async def _get_connection_async(self) -> Any:
        connection = await super()._get_connection_async()
        for name, value in self.before.items():
            setattr(connection, name, value)
        type(self).before = {}
        return connection


@pytest.mark.parametrize("before", [{"password": "expired"}, {"host": "http://127.0.0.1:1"}])
def test_a_wait_with_logs_goes_on_with_what_the_connection_says_by_now(dlc, monkeypatch, caplog, capfd, before):
    submitted = dlc.create_job(dlc_job("echo from the pod")).JobId
    trigger = DlcJobTrigger(submitted, 100, poll_interval=0.2)
    monkeypatch.setattr(Renewed, "before", before, raising=False)
    monkeypatch.setattr(DlcJobTrigger, "hook_class", Renewed)
    assert trigger_events(trigger) == [{"job_id": submitted, "state": "Succeeded"}]
    assert Renewed.before == {}
    assert "from the pod" in output(caplog, capfd)


def test_a_wait_with_logs_ends_when_its_keys_are_refused_again(dlc, monkeypatch):
    submitted = dlc.create_job(dlc_job()).JobId
    monkeypatch.setenv(VARIABLE, os.environ[VARIABLE].replace(ACCESS_KEY_SECRET, "expired"))
    (event,) = trigger_events(DlcJobTrigger(submitted, 100, poll_interval=0.2))
    assert "SignatureDoesNotMatch" in event["error"]


def test_a_wait_with_logs_ends_at_its_deadline_all_the_same(monkeypatch):
    monkeypatch.setenv(VARIABLE, UNREADABLE)
    trigger = DlcJobTrigger("dlc1", 100, poll_interval=60, deadline=0.0)
    assert trigger_events(trigger) == [{"job_id": "dlc1", "timeout": True}]


def test_a_wait_with_logs_ends_at_its_deadline_when_nobody_answers(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = {"conn_type": "bcs", "host": "127.0.0.1", "port": silent.getsockname()[1]}
        monkeypatch.setenv(VARIABLE, json.dumps({**connection, "login": "local", "password": ACCESS_KEY_SECRET}))
        begin = time.time()
        trigger = DlcJobTrigger("dlc1", 100, poll_interval=0.2, deadline=begin + 1)
        assert trigger_events(trigger) == [{"job_id": "dlc1", "timeout": True}]
        assert time.time() - begin < 15


def test_many_failures_are_excused_when_it_was_read_before(client, faults, unreadable_for, caplog, capfd):
    """As when the network of the triggerer is gone: neither the service nor the secrets backend answers."""
    submitted = client.create_job(job({"a": task("sleep 600")})).Id

    async def main() -> list[Any]:
        trigger = BatchComputeTrigger(submitted, poll_interval=0.1)
        events = asyncio.ensure_future(anext(aiter(trigger.run())))
        await asyncio.sleep(0.5)
        faults({"operation": "*", "kind": "drop-before"})
        timer = unreadable_for(0.8)
        await asyncio.to_thread(timer.join)
        faults()
        await asyncio.to_thread(client.stop_job, submitted)
        return (await asyncio.wait_for(events, 20)).payload

    assert asyncio.run(main()) == {"job_id": submitted, "state": "Stopped"}
    assert "(5 in a row): Connection bcs_default could not be read: " in output(caplog, capfd)


def test_one_that_was_never_there_is_told_soon():
    (event,) = trigger_events(BatchComputeTrigger("job-1", bcs_conn_id="none", poll_interval=0.1))
    assert event["error"].startswith("Connection none could not be read: ")
    assert "`none`" in event["error"]


def test_one_that_lacks_something_is_told_at_once(monkeypatch):
    monkeypatch.setenv(VARIABLE, '{"conn_type": "bcs"}')
    (event,) = trigger_events(BatchComputeTrigger("job-1", poll_interval=0.1))
    assert "Region: found none" in event["error"]


def test_one_whose_extra_is_no_object_is_told_at_once(monkeypatch):
    monkeypatch.setenv(VARIABLE, '{"conn_type": "bcs", "extra": "[1]"}')
    (event,) = trigger_events(BatchComputeTrigger("job-1", poll_interval=0.1))
    assert "Extra: found " in event["error"]


def test_a_job_is_stopped_all_the_same(client, unreadable_for, caplog, capfd):
    submitted = client.create_job(job({"a": task("sleep 600")})).Id
    unreadable_for(0.05)
    asyncio.run(BatchComputeTrigger(submitted)._stop())
    assert client.get_job(submitted).State == "Stopped"


def test_a_failure_is_told_without_its_reason(client, monkeypatch):
    submitted = ended(client, "false")
    monkeypatch.setenv(VARIABLE, UNREADABLE)
    found = asyncio.run(BatchComputeTaskTrigger(submitted, "a")._explained("Failed"))
    assert f"task a of job {submitted} is Failed" in found
    assert "Connection bcs_default could not be read" in found


class Failing(BatchComputeHook):
    """A hook whose Airflow answers each second question with an error, as that of 3.0 does."""

    questions = 0

    @classmethod
    def get_connection(cls, conn_id: str) -> Any:
        cls.questions += 1
        if cls.questions % 2:
            raise OSError("the supervisor is busy")
        return super().get_connection(conn_id)

    @classmethod
    async def aget_connection(cls, conn_id: str) -> Any:
        return cls.get_connection(conn_id)


def test_any_error_while_it_is_read_is_an_answer():
    hook = Failing()
    for _ in range(2):
        with pytest.raises(NoAnswerError, match="Connection bcs_default could not be read: the supervisor is busy"):
            asyncio.run(hook.get_async_client())
        asyncio.run(hook.get_async_client()).close()


def test_what_was_read_before_is_not_missing(monkeypatch):
    hook = BatchComputeHook()
    read = os.environ[VARIABLE]
    for kind in (MissingConnectionError, NoAnswerError):
        monkeypatch.setenv(VARIABLE, UNREADABLE)
        with pytest.raises(kind):
            asyncio.run(hook.get_async_client())
        monkeypatch.setenv(VARIABLE, read)
        asyncio.run(hook.get_async_client()).close()
