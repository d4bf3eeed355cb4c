"""Keys that end while a worker waits: the connection has others by then, and the wait goes on."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.dlc import Client as DlcClient
from airflow_provider_bcs.exceptions import AccessDeniedError, RefusedKeysError
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.http.credentials import Credentials, RenewableCredentials, as_provider
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from tests.airflow.conftest import connection_json
from tests.airflow.running import output, run_dag, states
from tests.conftest import IMPATIENT, keys_of
from tests.dlc.jobs import job as dlc_job
from tests.http.answering import answering
from tests.local.service import Service, job, task, wait_until

pytestmark = pytest.mark.usefixtures("airflow_db")

VARIABLE = "AIRFLOW_CONN_BCS_DEFAULT"
SECRETS = ("secret-of-before", "secret-of-now")


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service of the test's own, whose keys end."""
    running = Service(tmp_path / "data", "--access-key-secret", SECRETS[0])
    ports = [str(urlsplit(running.ready[name]).port) for name in ("batchcompute", "oss")]
    running.options = ("--access-key-secret", SECRETS[1], "--port", ports[0], "--oss-port", ports[1])
    monkeypatch.setenv(VARIABLE, connection_json(running))
    yield running
    running.session.close()
    running.end()


def renew(service: Service) -> None:
    """End the keys; the same service accepts others now, and the connection has them."""
    service.end()
    service.start()
    os.environ[VARIABLE] = connection_json(service)


def running_jobs(service: Service) -> int:
    with_keys = Client(*keys_of(service), retry=IMPATIENT), DlcClient(*keys_of(service), retry=IMPATIENT)
    batchcompute, dlc = with_keys
    try:
        return len([*batchcompute.list_jobs("Running"), *dlc.list_jobs(status="Running")])
    finally:
        for client in with_keys:
            client.close()


WAITING: dict[str, Any] = {"task_id": "job", "poll_interval": 0.2, "deferrable": False}
COMMAND = "sh -c 'until test -e {flag}; do sleep 0.1; done'"


@pytest.mark.parametrize("which", ["batchcompute", "dlc"])
def test_a_worker_that_waits_goes_on(service: Service, tmp_path: Path, which: str, caplog: Any, capfd: Any) -> None:
    command = COMMAND.format(flag=tmp_path / "flag")
    with DAG("renewed", schedule=None, start_date=datetime(2024, 1, 1)) as dag:
        if which == "dlc":
            DlcSubmitJobOperator(job=dlc_job(command), **WAITING)
        else:
            BatchComputeSubmitJobOperator(job=job({"t": task(command)}), **WAITING)

    def switch() -> None:
        wait_until(lambda: running_jobs(service) == 1)
        renew(service)
        (tmp_path / "flag").touch()

    thread = threading.Thread(target=switch, daemon=True)
    thread.start()
    run = run_dag(dag)
    thread.join(60)
    assert not thread.is_alive()
    assert states(run) == {"job": "success"}
    told = output(caplog, capfd)
    assert not any(secret in told for secret in SECRETS)


def test_keys_that_are_refused_still_are_an_error(service: Service) -> None:
    hook = BatchComputeHook()
    assert list(hook.client.list_jobs()) == []
    read = os.environ[VARIABLE]
    renew(service)
    os.environ[VARIABLE] = read
    with pytest.raises(AccessDeniedError, match="SignatureDoesNotMatch"):
        list(hook.client.list_jobs())
    del os.environ[VARIABLE]
    with pytest.raises(AccessDeniedError, match="SignatureDoesNotMatch"):
        list(hook.client.list_jobs())
    os.environ[VARIABLE] = connection_json(service)
    assert list(hook.client.list_jobs()) == []


def test_objects_are_read_with_the_same_keys(service: Service) -> None:
    service.put_object("bucket/key", "text")
    hook = BatchComputeHook()
    assert hook.objects.exists("oss://bucket/key")
    renew(service)
    assert list(hook.client.list_jobs()) == []
    assert hook.objects.exists("oss://bucket/key")


def test_keys_of_another_place_are_not_taken(service: Service) -> None:
    hook = BatchComputeHook()
    assert list(hook.client.list_jobs()) == []
    renew(service)
    os.environ[VARIABLE] = os.environ[VARIABLE].replace("127.0.0.1", "localhost", 1)
    with pytest.raises(RefusedKeysError):
        list(hook.client.list_jobs())


def test_who_lacks_a_permission_keeps_its_keys(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []

    def read() -> Any:
        reads.append(1)
        raise AssertionError("no reason to read")

    def answer(path: str) -> tuple[int, Any]:
        if path == "/jobs/job-1":
            return 403, {"Code": "Forbidden.RAM", "Message": "no"}
        return 200, {"Id": "job-2", "State": "Running"}

    with answering(answer) as url:
        keys = RenewableCredentials(as_provider(Credentials("id", "secret")), read)
        client = Client(url, credentials=keys)
        with pytest.raises(AccessDeniedError, match=r"Forbidden.RAM"):
            client.get_job("job-1")
        assert client.get_job("job-2").State == "Running"
        client.close()
    assert reads == []


def test_keys_that_renewed_themselves_meanwhile_are_tried(service: Service) -> None:
    """A chain may renew between the signature and the refusal."""
    keys = [Credentials("local", SECRETS[1])] + 9 * [Credentials("local", SECRETS[0])]
    client = Client(service.url, credentials=lambda: keys.pop(0) if len(keys) > 1 else keys[0])
    assert list(client.list_jobs()) == []
    client.close()
