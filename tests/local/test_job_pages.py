"""The page of a job: what it shows, who may read it, and that nothing of a job can act in the reader's browser."""

from __future__ import annotations

import re
import signal
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from airflow_provider_bcs.http.job_page import job_page_path

from .dlc.dlc_service import DlcService, dlc_job, role
from .oss.raw import raw_request
from .service import Service, job, task, wait_until

SECRET = "do-not-show-this"
HOSTILE = "'\"><script>alert(1)</script><img src=x onerror=alert(2)>"


class Page(HTMLParser):
    """Page as a browser reads it.

    :ivar tags: names of all elements
    :ivar attributes: names and values of all attributes
    :ivar badges: state by the id of the task, instance or pod that it belongs to; that of the job under ``job``
    :ivar edges: titles of the edges of the graph
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.badges: dict[str, str] = {}
        self.edges: set[str] = set()
        self._open: list[tuple[str, dict[str, str]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br", "rect", "path") or dict(attrs).get("class") == "edge":
            self._open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1][0] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        classes = self._open[-1][1].get("class", "") if self._open else ""
        if classes.startswith("badge"):
            ids = [attrs["id"] for _, attrs in self._open if "id" in attrs]
            self.badges.setdefault(ids[-1] if ids else "job", data.partition(" ")[2])
        if len(self._open) > 1 and self._open[-1][0] == "title" and self._open[-2][1].get("class") == "edge":
            self.edges.add(data)


def link(service: Service, job_id: str) -> str:
    return service.url + job_page_path(service.ready["access_key_secret"], job_id)


def read(service: Service, job_id: str) -> str:
    response = requests.get(link(service, job_id), timeout=10)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    return response.text


@pytest.fixture(scope="module")
def dlc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DlcService]:
    """Service with the client of PAI-DLC."""
    service = DlcService(tmp_path_factory.mktemp("pages") / "data", "--max-pods", "16")
    yield service
    service.session.close()
    service.end()


# What it shows


def test_states_of_a_running_job_are_those_of_the_api(service: Service) -> None:
    tasks = {
        "first": task("echo well done"),
        "bad": task("sh -c 'echo out of cheese >&2; exit 3'", 2),
        "long": task("sleep 600", 3),
        "last": task("true"),
    }
    job_id = service.create(
        job(tasks, {"first": ["bad", "long"], "bad": ["last"], "long": ["last"]}, JobFailOnInstanceFail=False)
    )

    def states() -> dict[str, str]:
        found = {"job": service.state(job_id)}
        for item in service.get(f"/jobs/{job_id}/tasks")["Items"]:
            name = item["TaskName"]
            found[f"part-{name}"] = item["State"]
            for instance in service.get(f"/jobs/{job_id}/tasks/{name}/instances")["Items"]:
                found[f"part-{name}.{instance['InstanceId']}"] = instance["State"]
        return found

    # Nothing changes from here on until the job is stopped.
    wait_until(lambda: [*states().values()].count("Running") == 5 and states()["part-bad"] == "Failed")
    text = read(service, job_id)
    assert Page(text).badges == states()
    assert set(states().values()) == {"Running", "Waiting", "Finished", "Failed"}
    shown = unescape(text)
    for each in (job_id, "sh -c 'echo out of cheese >&2; exit 3'", "well done", "out of cheese", "exit code 3"):
        assert each in shown
    assert re.search(r"Started</dt><dd>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC<", text)
    service.call("POST", f"/jobs/{job_id}/stop")
    assert Page(read(service, job_id)).badges == states()


def test_the_graph_has_an_edge_for_each_dependency(service: Service) -> None:
    names = [f"t{number}" for number in range(16)]
    edges = {(a, b) for i, a in enumerate(names) for j, b in enumerate(names) if i < j and (i * j) % 4 != 1}
    dependencies = {a: [b for source, b in sorted(edges) if source == a] for a in names}
    job_id = service.create(job({name: task("true") for name in names}, dependencies))
    page = Page(read(service, job_id))
    assert page.edges == {f"{target} waits for {source}" for source, target in edges}
    assert page.tags.count("rect") == len(names)
    assert ("aria-label", f"Graph of 16 tasks and {len(edges)} dependencies") in page.attributes


def test_many_instances_are_counted_and_the_failed_ones_shown(service: Service) -> None:
    job_id = service.create(
        job({"t": task("sh -c 'test $BATCH_COMPUTE_DAG_INSTANCE_ID != 69'", 70)}, JobFailOnInstanceFail=False)
    )
    service.wait(job_id, 120)
    text = read(service, job_id)
    assert "70 instances: 69 Finished, 1 Failed" in text
    assert "Not shown: 20 more instances" in text
    assert Page(text).badges["part-t.69"] == "Failed"


def test_pods_of_pai_dlc(dlc: DlcService) -> None:
    command = 'if [ "$RANK" = 1 ]; then echo out of cheese; exit 3; else sleep 600; fi'
    job_id = dlc.create(dlc_job(command, 2))
    dlc.wait_for(job_id, "Failed")
    text = read(dlc, job_id)
    page = Page(text)
    detail = dlc.get_job(job_id)
    pods = {f"part-{pod['PodId'].removeprefix(job_id + '-')}": pod["Status"] for pod in detail["Pods"]}
    assert page.badges == {"job": detail["Status"], **pods}
    for each in (detail["ReasonMessage"], "out of cheese", "exit code 3", command):
        assert each in unescape(text)
    assert page.tags.count("rect") == 2


def test_a_job_that_waits_for_pods(dlc: DlcService) -> None:
    job_id = dlc.create(dlc_job("sleep 600", 3, JobSpecs=[role("Worker", "sleep 600", 3)]))
    dlc.wait_for(job_id, "Running")
    page = Page(read(dlc, job_id))
    assert page.badges["job"] == "Running"
    assert {value for name, value in page.badges.items() if name != "job"} == {"Running"}
    assert len(page.badges) == 4


def test_an_app_job(service: Service) -> None:
    service.call("POST", "/apps", {"Name": "page-app", "CommandLine": "echo from an app", "Docker": {"Image": "u"}})
    job_id = service.create({"Name": "app-job", "Type": "App", "App": {"AppName": "page-app"}})
    state = service.wait(job_id)["State"]
    text = read(service, job_id)
    assert Page(text).badges["job"] == state
    assert "not kept: the task has no StdoutRedirectPath" in text


def test_a_log_that_is_no_file(service: Service) -> None:
    job_id = service.create(job("sleep 600"))
    name = f"stdout.{job_id}.t.0"
    path = service.data_dir / "oss" / "logs" / name
    wait_until(path.exists)
    path.unlink()
    path.symlink_to("/etc/passwd")
    text = read(service, job_id)
    assert "not readable: " in text
    assert "root:" not in text
    path.unlink()
    assert "nothing yet" in read(service, job_id)
    service.call("POST", f"/jobs/{job_id}/stop")


# What it does not show


@pytest.mark.parametrize("field", ["EnvVars", "CommandLine", "log"])
def test_secrets_of_a_job_are_masked(service: Service, field: str) -> None:
    command = 'sh -c "echo the key is $DB_PASSWORD; exit 1"' if field == "log" else f"echo DB_PASSWORD={SECRET}"
    variables = {"DB_PASSWORD": SECRET, "MODE": "fast"}
    job_id = service.create(job({"t": task(command, EnvVars={} if field == "CommandLine" else variables)}))
    service.wait(job_id)
    log = service.object(f"logs/stdout.{job_id}.t.0")
    assert SECRET in log
    text = read(service, job_id)
    assert SECRET not in text
    assert "***" in text
    assert "fast" in text or field == "CommandLine"
    assert service.ready["access_key_secret"] not in text


def test_a_short_secret_is_masked_where_it_has_a_name(service: Service) -> None:
    job_id = service.create(job({"t": task("echo DB_PASSWORD=pw7", EnvVars={"API_TOKEN": "tk8"})}))
    text = read(service, job_id)
    assert "pw7" not in text
    assert "tk8" not in text


def test_secrets_of_a_pai_dlc_job_are_masked(dlc: DlcService) -> None:
    job_id = dlc.create(dlc_job("echo token is $API_TOKEN", Envs={"API_TOKEN": SECRET, "MODE": "fast"}))
    dlc.wait_for(job_id, "Succeeded")
    assert SECRET in "\n".join(dlc.texts(job_id))
    text = read(dlc, job_id)
    assert "token is ***" in text
    assert SECRET not in text


def test_hostile_texts_stay_texts(service: Service, dlc: DlcService) -> None:
    variables = {"EVIL": HOSTILE, HOSTILE: "x"}
    evil = task(f"printf %s {HOSTILE!r}", EnvVars=variables)
    job_id = service.create(job({"t": evil}, Description=HOSTILE))
    service.wait(job_id)
    pods = dlc.create(dlc_job(f"echo '{HOSTILE[1:]}'; exit 1", Envs={"EVIL": HOSTILE}))
    dlc.wait_for(pods, "Failed")
    for text in (read(service, job_id), read(dlc, pods)):
        page = Page(text)
        assert page.tags.count("script") == 1
        assert "img" not in page.tags
        assert not [name for name, _ in page.attributes if name.startswith("on")]
        assert "alert(2)" in text


# Who may read it


@pytest.fixture(scope="module")
def known(service: Service) -> str:
    return service.create(job("echo one"))


@pytest.fixture(scope="module")
def other(service: Service) -> str:
    return service.create(job("echo other"))


def test_a_wrong_token_is_like_a_job_that_is_not_there(service: Service, known: str, other: str) -> None:
    path = urlsplit(link(service, known)).path
    token = path.rpartition("/")[2]
    wrong = [
        f"/_local/jobs/{known}",
        f"/_local/jobs/{known}/",
        f"/_local/jobs/{known}/{token[:-1]}",
        f"/_local/jobs/{known}/{token}0",
        f"/_local/jobs/{known}/{token}/",
        f"/_local/jobs/{known}/{token.upper()}",
        f"/_local/jobs/{known}/{'0' * 64}",
        f"/_local/jobs/{known}/%FF%00",
        f"/_local/jobs/{other}/{token}",
        f"/_local/jobs//{token}",
        "/_local/jobs/",
        job_page_path("another-secret", known),
        job_page_path(service.ready["access_key_secret"], "job-0"),
        job_page_path(service.ready["access_key_secret"], ""),
    ]
    answers = [requests.get(service.url + path, timeout=10) for path in wrong]
    assert [answer.status_code for answer in answers] == [404] * len(wrong)
    assert len({answer.text for answer in answers}) == 1
    assert known not in answers[0].text
    assert requests.get(service.url + path, timeout=10).status_code == 200


def test_a_page_is_only_read(service: Service, known: str) -> None:
    before = service.get(f"/jobs/{known}")
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = requests.request(method, link(service, known), data=b"{}", timeout=10)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    answer = requests.head(link(service, known), timeout=10)
    assert (answer.status_code, answer.content) == (200, b"")
    assert service.get(f"/jobs/{known}")["Id"] == before["Id"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {
            "Host": "[",
        },
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_the_rules_for_hosts_and_origins_hold(service: Service, known: str, headers: dict[str, str]) -> None:
    assert requests.get(link(service, known), headers=headers, timeout=10).status_code == 403


def test_a_page_is_for_this_machine_only(start_service: Callable[..., Service]) -> None:
    service = start_service("--host", "0.0.0.0")
    job_id = service.create(job("true"))
    url = link(service, job_id).replace("0.0.0.0", "127.0.0.1")
    assert requests.get(url, timeout=10).status_code == 200
    assert requests.get(url, headers={"Host": "build-7.example"}, timeout=10).status_code == 403
    address = own_address()
    if address is not None:
        assert requests.get(url.replace("127.0.0.1", address), timeout=10).status_code == 403


def own_address() -> str | None:
    """Return an address of this machine that is not loopback, None when it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # No packet is sent.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
        return None if address.startswith("127.") else address


def test_the_port_of_objects_has_no_pages(service: Service, known: str) -> None:
    path = urlsplit(link(service, known)).path
    status, _ = raw_request(service, "GET", bucket="_local", key=path.removeprefix("/_local/"))
    assert status in (400, 404)


def test_a_link_holds_after_a_restart_and_ends_with_its_job(start_service: Callable[..., Service]) -> None:
    service = start_service()
    job_id = service.create(job("true"))
    service.wait(job_id)
    path = urlsplit(link(service, job_id)).path
    assert service.end(signal.SIGKILL) == -signal.SIGKILL
    service.start()
    answer = requests.get(service.url + path, timeout=10)
    assert answer.status_code == 200
    assert job_id in answer.text
    assert service.call("DELETE", f"/jobs/{job_id}").status_code == 204
    answer = requests.get(service.url + path, timeout=10)
    assert answer.status_code == 404
    assert "was deleted" in answer.text


def test_another_secret_makes_other_links(start_service: Callable[..., Service]) -> None:
    service = start_service("--access-key-secret", "a-secret-of-my-own")
    job_id = service.create(job("true"))
    assert requests.get(link(service, job_id), timeout=10).status_code == 200
    default = service.url + job_page_path("bcs-local-secret-9f3a", job_id)
    assert requests.get(default, timeout=10).status_code == 404


# What it may do in a browser


def test_nothing_comes_from_elsewhere(service: Service, known: str) -> None:
    answer = requests.get(link(service, known), timeout=10)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    page = Page(answer.text)
    assert not {"link", "iframe", "object", "embed", "form", "base", "img"} & set(page.tags)
    addresses = [value for name, value in page.attributes if name in ("src", "href", "srcset", "style", "action")]
    assert addresses
    assert all(value.startswith("#part-") for value in addresses)
    expected = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    assert {name: answer.headers[name] for name in expected} == expected


def test_the_policy_names_the_style_and_the_script_of_the_page(service: Service, known: str) -> None:
    answer = requests.get(link(service, known), timeout=10)
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL)
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in answer.headers["Content-Security-Policy"]


def test_it_refreshes_itself_sooner_while_the_job_runs(service: Service) -> None:
    job_id = service.create(job("sleep 600"))
    running = read(service, job_id)
    service.call("POST", f"/jobs/{job_id}/stop")
    ended = read(service, job_id)
    found = [int(re.findall(r'<main data-seconds="(\d+)">', text)[0]) for text in (running, ended)]
    assert 0 < found[0] < found[1] <= 60
    # Without scripts too.
    assert f'<noscript><meta http-equiv="refresh" content="{found[0]}"></noscript>' in running
    assert 'name="viewport" content="width=device-width' in running
