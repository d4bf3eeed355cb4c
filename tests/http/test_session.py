"""The HTTP session: what is repeated, what is not, and what an error says. Real sockets, no mocks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from airflow_provider_bcs import dlc
from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.exceptions import (
    AccessDeniedError,
    ClockSkewError,
    NoAnswerError,
    ServerError,
    ServiceError,
    ThrottledError,
)
from airflow_provider_bcs.http.credentials import Credentials
from airflow_provider_bcs.http.errors import service_error
from airflow_provider_bcs.http.session import RetryPolicy
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from tests.batchcompute.jobs import job, task

QUICK = RetryPolicy(attempts=3, first_wait=0.01, max_wait=0.05)


class Canned(BaseHTTPRequestHandler):
    """Answers every request with the same canned answer, and notes it down."""

    status, headers_out, body = 200, {}, b"{}"
    seen: list[Any]

    def answer(self) -> None:
        self.seen.append((self.command, self.path, dict(self.headers), self.client_address))
        self.send_response_only(self.status)
        for name, value in {"Content-Length": str(len(self.body)), **self.headers_out}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def canned(status: int = 200, body: bytes = b"{}", **headers: str) -> Iterator[tuple[str, list[Any]]]:
    seen: list[Any] = []
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    handler = type("Handler", (Canned,), {"status": status, "headers_out": fields, "body": body, "seen": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def quick(url: str) -> Client:
    return Client(url, "local", ACCESS_KEY_SECRET, retry=QUICK, timeout=(2, 2))


@pytest.mark.parametrize("kind", ["error-500", "throttle", "drop-before", "drop-after", "garbage"])
def test_what_may_pass_is_repeated(client, faults, kind):
    created = client.create_job(job({"a": task("sleep 60")}))
    for operation, call in (
        ("GetJob", lambda: client.get_job(created)),
        ("ListJobs", lambda: next(client.list_jobs())),
        ("StopJob", lambda: client.stop_job(created)),
        ("DeleteJob", lambda: client.delete_job(created)),
    ):
        faults({"operation": f"batchcompute.{operation}", "kind": kind, "times": 2, "seconds": 0.01})
        call()


@pytest.mark.parametrize("kind", ["error-500", "throttle", "drop-before", "drop-after", "garbage"])
def test_a_lost_answer_makes_no_second_job(client, faults, kind):
    faults({"operation": "batchcompute.CreateJob", "kind": kind, "times": 3, "seconds": 0.01})
    name = f"only-once-{kind}"
    client.create_job(job({"a": task("true", ClusterId=f"cls-{kind}")}, Name=name))
    assert [item.Name for item in client.list_jobs(cluster_id=f"cls-{kind}")] == [name]


def test_start_is_not_repeated_unless_it_was_certainly_not_done(client, faults):
    created = client.create_job(job({"a": task("sleep 60")}))
    client.stop_job(created)
    faults({"operation": "batchcompute.StartJob", "kind": "drop-before", "times": 1})
    with pytest.raises(NoAnswerError, match="did not answer"):
        client.start_job(created)
    faults({"operation": "batchcompute.StartJob", "kind": "throttle", "times": 1, "seconds": 0.01})
    client.start_job(created)
    client.stop_job(created)


def test_attempts_are_bounded(client, faults, service):
    faults({"operation": "batchcompute.GetJob", "kind": "error-500"})
    before = service.session.get(f"{service.url}/_local/requests", timeout=10).json().get("batchcompute.GetJob", 0)
    with pytest.raises(ServerError) as error:
        client.get_job("job-1")
    after = service.session.get(f"{service.url}/_local/requests", timeout=10).json()["batchcompute.GetJob"]
    assert error.value.attempts == after - before == 5


def test_throttling_asks_to_wait(client, faults):
    faults({"operation": "batchcompute.GetJob", "kind": "throttle", "seconds": 0.01})
    with pytest.raises(ThrottledError) as error:
        client.get_job("job-1")
    assert error.value.retry_after is not None


def test_a_slow_answer_times_out(service, faults):
    faults({"operation": "batchcompute.GetJob", "kind": "slow", "seconds": 3})
    impatient = Client(service.url, "local", ACCESS_KEY_SECRET, timeout=(1, 0.2), retry=RetryPolicy(1))
    with pytest.raises(NoAnswerError, match="timed out"):
        impatient.get_job("job-1")


def test_nobody_listens():
    with pytest.raises(NoAnswerError) as error:
        quick("http://127.0.0.1:1").get_job("job-1")
    assert error.value.never_sent


def test_wrong_keys(service):
    with pytest.raises(AccessDeniedError):
        quick(service.url).__class__(service.url, "local", "wrong").get_job("job-1")
    with pytest.raises(AccessDeniedError, match="InvalidAccessKeyId"):
        Client(service.url, "nobody", ACCESS_KEY_SECRET).get_job("job-1")


def test_connections_are_kept_alive():
    with canned(body=b'{"Id": "job-1", "State": "Running"}') as (url, seen):
        client = quick(url)
        for _ in range(5):
            client.get_job("job-1")
        client.close()
    assert len({address for *_, address in seen}) == 1


def test_each_attempt_is_signed_anew():
    with canned(500, b'{"Code": "InternalError", "Message": "x"}') as (url, seen):
        with pytest.raises(ServerError):
            quick(url).get_job("job-1")
    assert len({headers["x-acs-signature-nonce"] for _, _, headers, _ in seen}) == 3


def test_a_security_token_travels_signed():
    with canned(body=b'{"Id": "job-1", "State": "Running"}') as (url, seen):
        Client(url, credentials=Credentials("id", "secret", "sts-token")).get_job("job-1")
    assert seen[0][2]["x-acs-security-token"] == "sts-token"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("service_client", [Client, dlc.Client])
def test_no_redirect_is_followed(status, service_client):
    with canned() as (other, elsewhere), canned(status, b"", Location=f"{other}/jobs/job-1") as (url, seen):
        client = service_client(url, credentials=Credentials("id", "the-secret", "the-token"), retry=QUICK)
        for ask in (client.get_job, client.stop_job, client.delete_job):
            with pytest.raises(ServiceError, match="UnexpectedRedirect: The redirect to .* is not followed") as error:
                ask("job-1")
            assert "the-" not in str(error.value)
    assert seen
    assert elsewhere == []


def test_a_netrc_file_changes_nothing(tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with canned(body=b'{"Id": "job-1", "State": "Running"}') as (url, seen):
        quick(url).get_job("job-1")
    assert seen[0][2]["Authorization"].startswith("acs local:")


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"<html>"), (200, b"3"), (502, b"<html>bad gateway</html>"), (503, b"")]
)
def test_an_answer_from_something_else(status, body):
    with canned(status, body, Content_Type="text/html") as (url, seen):
        with pytest.raises(ServerError, match="expected a JSON object|no reason"):
            quick(url).get_job("job-1")
    assert len(seen) == 3


def test_a_wrong_clock_is_called_that():
    body = b'{"Code": "SignatureDoesNotMatch", "Message": "no"}'
    with canned(400, body, Date=formatdate(1_000_000_000, usegmt=True)) as (url, _):
        with pytest.raises(ClockSkewError, match=r"clock is \d+ minutes ahead of the service's.*set the clock"):
            quick(url).get_job("job-1")
    with canned(400, body, Date=formatdate(usegmt=True)) as (url, _):
        with pytest.raises(AccessDeniedError) as error:
            quick(url).get_job("job-1")
    assert not isinstance(error.value, ClockSkewError)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"status": "ok"}',
        b'{"Id": "job-1", "State": []}',
    ],
)
def test_json_that_is_not_the_services(body):
    with canned(200, body) as (url, _):
        with pytest.raises(ServerError, match="MalformedAnswer: Job: found wrong values of .*; expected"):
            quick(url).get_job("job-1")
    with canned(200, b'{"Items": [1], "NextMarker": ""}') as (url, _):
        with pytest.raises(ServerError, match="Job: found wrong values of "):
            list(quick(url).list_jobs())


def test_a_field_nobody_needs_may_be_wrong():
    body = (
        b'{"Id": "job-1", "State": "Running", "TaskMetrics": 7, "OwnerId": [], "CreationTime": "0001-01-01T00:00:00Z"}'
    )
    with canned(200, body) as (url, _):
        found = quick(url).get_job("job-1")
    assert (found.State, found.TaskMetrics.total, found.OwnerId, found.CreationTime) == ("Running", 0, 0, None)


def test_an_element_of_a_list_may_be_wrong():
    body = b"""{
        "JobId": "dlc1", "Status": "Running", "JobSpecs": 7, "Envs": ["A"],
        "Pods": [{"PodId": "a", "HistoryPods": [1, {"PodId": "a", "PodUid": "u"}]}, "b", {"PodId": "c"}]
    }"""
    with canned(200, body) as (url, _):
        found = dlc.Client(url, "local", ACCESS_KEY_SECRET, retry=QUICK).get_job("dlc1")
    assert [pod.PodId for pod in found.Pods] == ["a", "c"]
    assert [pod.PodUid for pod in found.Pods[0].HistoryPods] == ["u"]
    assert (found.JobSpecs, found.Envs) == ([], {})


def test_what_is_absent_may_be_null_or_empty():
    body = b'{"Id": "job-1", "State": "Running", "TaskMetrics": null, "Message": null, "Priority": "", "EndTime": ""}'
    with canned(200, body) as (url, _):
        found = quick(url).get_job("job-1")
    assert (found.TaskMetrics.total, found.Message, found.Priority, found.EndTime) == (0, "", 0, None)


def test_an_error_code_that_is_a_number():
    with canned(400, b'{"Code": 403, "Message": ["no"]}') as (url, _):
        with pytest.raises(ServiceError, match="403: "):
            quick(url).get_job("job-1")


def test_loopback_is_not_asked_through_a_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with canned(body=b'{"Id": "job-1", "State": "Running"}') as (url, seen):
        quick(url).get_job("job-1")
    assert len(seen) == 1


def test_a_security_token_is_in_no_error(service):
    client = Client(service.url, credentials=Credentials("local", "wrong", "STS-SECRET-TOKEN"))
    with pytest.raises(AccessDeniedError, match="Most likely the AccessKey secret is wrong") as error:
        client.get_job("job-1")
    assert "STS-SECRET" not in str(error.value)
    quoted = service_error(400, "SignatureDoesNotMatch", "signed: 'x-acs-security-token:STS-SECRET\\nx-acs-version:1'")
    assert "STS-SECRET" not in str(quoted)


def test_an_unknown_host_says_what_to_check():
    with pytest.raises(NoAnswerError, match="the host name does not exist; check region and endpoint"):
        Client("cn-nowhere", "i", "s", endpoint="http://nowhere.invalid", retry=RetryPolicy(1)).get_job("job-1")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "InvalidName", "InvalidRequestError"),
        (400, "MissingName", "InvalidRequestError"),
        (400, "BadDAG", "InvalidRequestError"),
        (400, "IdempotentTokenMismatch", "TokenMismatchError"),
        (400, "SignatureDoesNotMatch", "RefusedKeysError"),
        (404, "InvalidAccessKeyId.NotFound", "RefusedKeysError"),
        (403, "Forbidden", "AccessDeniedError"),
        (403, "QuotaExhausted.MaxJobCount", "QuotaExhaustedError"),
        (404, "InvalidResource.NotFound", "NotFoundError"),
        (409, "StateConflict", "StateConflictError"),
        (429, "Whatever", "ThrottledError"),
        (503, "Throttling.User", "ThrottledError"),
        (500, "InternalError", "ServerError"),
        (502, "MalformedAnswer", "ServerError"),
    ],
)
def test_error_classes(status, code, kind):
    error = service_error(status, code, "text", "request-id")
    assert type(error).__name__ == kind
    assert str(error).startswith(f"{code}: ")
    assert str(error).endswith("text (HTTP {status}, request request-id)".replace("{status}", str(status)))
