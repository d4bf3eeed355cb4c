"""The test of a connection: a request to each service, and what decides."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, Connection

from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.hooks.connection_check import check_connection
from airflow_provider_bcs.hooks.dlc import DlcHook
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from tests.airflow.running import run_dag, states
from tests.conftest import keys_of
from tests.dlc.jobs import job as dlc_job
from tests.http.answering import answering
from tests.http.test_session import canned
from tests.http.tls import make_certificate, tls_front
from tests.local.service import Service, job, task

#: Nothing listens there.
NOWHERE = "http://127.0.0.1:1"


def check(service: Service, **changes: Any) -> tuple[bool, list[str]]:
    """Check a connection to the local service; return whether it works, and the lines."""
    url, key_id, secret = keys_of(service)
    fields = {"host": url, "login": key_id, "password": secret, "extra": {"oss_endpoint": service.ready["oss"]}}
    fields |= changes
    fields["extra"] = json.dumps(fields["extra"])
    works, text = check_connection(Connection(conn_id="aBcDeFgH", conn_type="bcs", **fields))
    assert "aBcDeFgH" not in text
    return works, text.splitlines()


def accepts(name: str, url: str) -> str:
    return f"{name}: {url} answers and accepts the keys."


def test_an_address_of_the_other_port(service: Service) -> None:
    url, oss = service.url, service.ready["oss"]
    works, lines = check(service, extra={"oss_endpoint": url})
    assert not works
    assert lines[0] == f"OSS: NotObjectStorage: {url} does not answer as OSS does; check oss_endpoint (HTTP 400)."
    works, lines = check(service, host=oss)
    assert not works
    assert all("because this is the address of the object store" in line for line in lines[:2])
    assert lines[2] == accepts("OSS", oss)


def refuse(path: str) -> tuple[int, Any]:
    return 403, {"Code": "Forbidden.RAM", "Message": "User not authorized to operate on the specified resource."}


def test_one_line_for_each_service(service: Service) -> None:
    url, oss = service.url, service.ready["oss"]
    services = [accepts("BatchCompute", url), accepts("PAI-DLC", url)]
    assert check(service) == (True, [*services, accepts("OSS", oss)])
    assert check(service, extra={}) == (True, services)
    own = {"batchcompute_endpoint": url, "oss_endpoint": oss}
    assert check(service, host=None, extra=own) == (True, [services[0], accepts("OSS", oss)])


def test_pai_dlc_alone_is_enough(service: Service) -> None:
    with answering(refuse) as elsewhere:
        works, lines = check(service, host=elsewhere, extra={"dlc_endpoint": service.url})
    assert works
    assert lines == [
        accepts("PAI-DLC", service.url),
        "BatchCompute does not work. Only BatchCompute jobs need it: Forbidden.RAM: User not authorized to operate on"
        " the specified resource. (HTTP 403).",
    ]
    # BatchCompute is gone in the region.
    works, lines = check(service, host=NOWHERE, extra={"dlc_endpoint": service.url})
    assert (works, lines[0]) == (True, accepts("PAI-DLC", service.url))
    assert lines[1].startswith("BatchCompute does not work. Only BatchCompute jobs need it: http://127.0.0.1:1: no ")


def test_batchcompute_alone_is_enough(service: Service) -> None:
    works, lines = check(service, host=NOWHERE, extra={"batchcompute_endpoint": service.url})
    assert (works, lines[0]) == (True, accepts("BatchCompute", service.url))
    assert lines[1].startswith("PAI-DLC does not work. Only PAI-DLC jobs need it: ")


@pytest.mark.parametrize(("field", "name"), [("dlc_endpoint", "PAI-DLC"), ("oss_endpoint", "OSS")])
def test_an_endpoint_of_its_own_has_to_answer(service: Service, field: str, name: str) -> None:
    works, lines = check(service, extra={field: NOWHERE})
    assert not works
    # The first line says what is wrong, and holds nothing that a page would take for a tag.
    assert lines[0] == f"{name}: {NOWHERE}: no connection; check that the service runs: Connection refused."
    assert accepts("BatchCompute", service.url) in lines


def test_a_wrong_secret(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "airflow_provider_bcs.http.errors"):
        works, lines = check(service, password="another-secret")
    assert (works, len(lines)) == (False, 3)
    for line, name in zip(lines, ("BatchCompute", "PAI-DLC", "OSS"), strict=True):
        assert line.startswith(f"{name}: SignatureDoesNotMatch: Most likely the AccessKey secret is wrong.")
        assert "string to sign" not in line
    signed = [record for record in caplog.records if "string to sign" in record.getMessage()]
    assert {record.levelno for record in signed} == {logging.DEBUG}


def test_an_unknown_key(service: Service) -> None:
    works, lines = check(service, login="nobody")
    assert (works, {line.split(": ")[1].partition(".")[0] for line in lines}) == (False, {"InvalidAccessKeyId"})


@pytest.mark.parametrize(("code", "accepted"), [("AccessDenied", True), ("UserDisable", False)])
def test_keys_need_no_permission_to_list_buckets(service: Service, code: str, accepted: bool) -> None:
    error = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
    with canned(403, error.encode(), Date=formatdate(usegmt=True)) as (oss, _):
        works, lines = check(service, extra={"oss_endpoint": oss})
    assert (works, accepts("OSS", oss) in lines) == (accepted, accepted)
    assert accepted or lines[0] == "OSS: UserDisable: no (HTTP 403)."


@pytest.mark.parametrize("hook", [BatchComputeHook, DlcHook])
def test_the_hooks_test_the_same(connection: None, service: Service, hook: Any) -> None:
    works, text = hook().test_connection()
    assert (works, len(text.splitlines())) == (True, 3)


def test_airflows_connections_test_themselves(connection: None, service: Service) -> None:
    """A worker of Airflow 3.3 tests so, where the web server asks it to."""
    url, key_id, secret = keys_of(service)
    one = Connection(conn_id="bcs_default", conn_type="bcs", host=url, login=key_id, password=secret)
    works, text = one.test_connection()
    assert (works, text.splitlines()[0]) == (True, accepts("BatchCompute", url))


def test_a_service_that_fails_does_not_hide_the_other(service: Service, faults: Any) -> None:
    faults({"operation": "batchcompute.ListJobs", "kind": "error-500"})
    works, lines = check(service)
    assert (works, lines[2].split(":")[0]) == (True, "BatchCompute does not work. Only BatchCompute jobs need it")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def over_tls(service: Service, certificate: Path) -> Iterator[dict[str, Any]]:
    """A connection to the local service over TLS."""
    _, key_id, secret = keys_of(service)
    with tls_front(service.url, certificate) as url, tls_front(service.ready["oss"], certificate) as oss:
        yield {"conn_type": "bcs", "host": url, "login": key_id, "password": secret, "extra": {"oss_endpoint": oss}}


def test_verify_reaches_each_service(over_tls: dict[str, Any], service: Service, certificate: Path) -> None:
    extra = over_tls.pop("extra")
    del over_tls["conn_type"]
    urls = (over_tls["host"], over_tls["host"], extra["oss_endpoint"])
    lines = [accepts(name, url) for name, url in zip(("BatchCompute", "PAI-DLC", "OSS"), urls, strict=True)]
    for verify in (str(certificate), "false", False):
        assert check(service, **over_tls, extra={**extra, "verify": verify}) == (True, lines)
    for verify in (None, "", "true", True):
        works, lines = check(service, **over_tls, extra={**extra, "verify": verify})
        reasons = [line.partition(": the TLS certificate was not accepted: ")[2].partition(".")[0] for line in lines]
        assert (works, reasons) == (False, ["self-signed certificate"] * 3)


@pytest.mark.usefixtures("airflow_db")
def test_tasks_run_over_tls(
    over_tls: dict[str, Any], service: Service, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over_tls["extra"]["verify"] = str(certificate)
    monkeypatch.setenv("AIRFLOW_CONN_BCS_DEFAULT", json.dumps(over_tls))
    waiting: dict[str, Any] = {"poll_interval": 0.2, "deferrable": False}
    with DAG("tls", schedule=None, start_date=datetime(2024, 1, 1)) as dag:
        BatchComputeSubmitJobOperator(task_id="batchcompute", job=job({"t": task("echo hello")}), **waiting)
        DlcSubmitJobOperator(task_id="dlc", job=dlc_job("echo hello"), **waiting)
    assert states(run_dag(dag)) == {"batchcompute": "success", "dlc": "success"}
    service.put_object("tls/key", "text")
    assert BatchComputeHook().objects.exists("oss://tls/key")
