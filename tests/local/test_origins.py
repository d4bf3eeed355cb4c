"""Refusal of requests from web pages of other hosts, even with valid signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import requests

from .oss.raw import raw_request
from .service import Service, job


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Service that listens on all addresses."""
    service = Service(tmp_path_factory.mktemp("everywhere") / "data", "--host", "0.0.0.0")
    yield service
    service.session.close()
    service.end()


def asked(service: Service, **headers: str) -> list[int]:
    """Return the statuses of signed requests to both ports, and of unsigned requests."""
    service.session.headers.update(headers)
    try:
        faults = service.session.post(f"{service.url}/_local/faults", data="[]", timeout=10)
        signed = [service.call("GET", target) for target in ("/jobs", "/api/v1/jobs", "/jobs/job-1")]
    finally:
        for name in headers:
            del service.session.headers[name]
    oss, _ = raw_request(service, "GET", bucket="", headers={name.lower(): value for name, value in headers.items()})
    return [faults.status_code, *(answer.status_code for answer in signed), oss]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:1", "127.5.5.5", "[::1]:80"])
def test_the_names_of_this_machine(service: Service, host: str) -> None:
    # The signature is not valid for PAI-DLC: status 400 shows that it was verified.
    assert asked(service, Host=host) == [200, 200, 400, 404, 200]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8642", "localhost.evil.example", "127.0.0.1.evil.example", "[", "::1", ""]
)
def test_a_name_that_was_made_to_lead_here(service: Service, host: str) -> None:
    assert asked(service, Host=host) == [403] * 5


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://evil.example\\@127.0.0.1", "", "http://10.0.0.1", "localhost"]
)
def test_a_page_of_elsewhere(service: Service, everywhere: Service, origin: str) -> None:
    assert asked(service, Origin=origin) == [403] * 5
    assert asked(everywhere, Origin=origin) == [403] * 5


def test_a_page_of_this_machine(service: Service) -> None:
    assert asked(service, Origin="http://localhost:3000")[:2] == [200, 200]


def test_nothing_is_done_for_such_a_page(service: Service) -> None:
    service.session.headers["Origin"] = "https://evil.example"
    try:
        answer = service.call("POST", "/jobs", job("true", Name="from-a-page"))
    finally:
        del service.session.headers["Origin"]
    assert (answer.status_code, answer.json()["Code"]) == (403, "Forbidden")
    assert "Origin: found 'https://evil.example'" in answer.json()["Message"]
    assert "from-a-page" not in [item["Name"] for item in service.get("/jobs?MaxItemCount=100")["Items"]]


def test_other_names_where_the_service_is_told_to_listen_to_others(everywhere: Service) -> None:
    assert asked(everywhere, Host="build-7.example") == [403, 200, 400, 404, 200]
    assert "Listening on 0.0.0.0, which is not loopback" in everywhere.log.read_text()


def test_without_being_told_it_listens_on_loopback_only(start_service: Callable[..., Service]) -> None:
    service = start_service()
    wanted = {urlsplit(service.ready[name]).port for name in ("batchcompute", "oss")}
    with open(f"/proc/{service.process.pid}/net/tcp") as table:
        addresses = [line.split()[1:4] for line in table.read().splitlines()[1:]]
    listening = {(int(local.split(":")[1], 16), local.split(":")[0]) for local, _, state in addresses if state == "0A"}
    assert {address for port, address in listening if port in wanted} == {"0100007F"}
    with open(f"/proc/{service.process.pid}/net/tcp6") as table:
        ports = {int(line.split()[1].split(":")[1], 16) for line in table.read().splitlines()[1:]}
    assert not ports & wanted
    assert requests.get(f"{service.url}/_local/requests", timeout=10).ok
