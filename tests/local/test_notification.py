"""Delivery of job events to a topic on the loopback address; a failing topic does not affect jobs."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.etree import ElementTree

import pytest

from airflow_provider_bcs.batchcompute.machine_rules import STATE_EVENTS
from airflow_provider_bcs.local.batchcompute.delivery import Delivery
from airflow_provider_bcs.local.batchcompute.notification import _messages_url

from .service import Service, job, task, wait_until

MNS = "{http://mns.aliyuncs.com/doc/v1/}"


class Topic:
    """Server that receives messages; ``statuses`` are its next responses, then 201."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str]] = []
        self.statuses: list[int] = []
        topic = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                status = topic.statuses.pop(0) if topic.statuses else 201
                topic.requests.append((self.path, self.headers["x-mns-version"]))
                if status == 201:
                    message = ElementTree.fromstring(content)
                    assert message.tag == f"{MNS}Message"
                    topic.messages.append(json.loads(message.findtext(f"{MNS}MessageBody") or ""))
                self.send_response(status)
                self.send_header("Location", f"http://127.0.0.1:{self.server.server_address[1]}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def events(self, job_id: str, last: str) -> list[str]:
        """Return the events of a job up to ``last``, each with its task and instance."""
        wait_until(lambda: any(m["Event"] == last and m["JobId"] == job_id for m in self.messages))
        time.sleep(0.2)  # no further message may arrive
        return [
            " ".join([m["Event"], *(str(m[field]) for field in ("TaskName", "InstanceId") if field in m)])
            for m in self.messages
            if m["JobId"] == job_id
        ]


@pytest.fixture
def topic() -> Iterator[Topic]:
    topic = Topic()
    yield topic
    topic.server.shutdown()
    topic.thread.join(10)
    topic.server.server_close()


def notification(endpoint: str, *events: str, name: str = "my topic", **fields: str) -> dict[str, Any]:
    return {"Topic": {"Name": name, "Endpoint": endpoint, "Events": list(events or STATE_EVENTS), **fields}}


CREATED = ["OnJobWaiting", "OnTaskWaiting t", "OnInstanceWaiting t 0"]
BEGUN = [*CREATED, "OnJobRunning", "OnTaskRunning t", "OnInstanceRunning t 0"]


def test_a_job_that_finishes(service: Service, topic: Topic) -> None:
    description = job("true", Notification=notification(topic.endpoint, UserData="<x>", UserTemplate="{}"))
    job_id = service.create({**description, "Name": "a_b"})
    done = service.wait(job_id)
    events = topic.events(job_id, "OnJobFinished")
    assert events == [*BEGUN, "OnInstanceFinished t 0", "OnTaskFinished t", "OnJobFinished"]
    assert set(topic.requests) == {("/topics/my%20topic/messages", "2015-06-06")}
    instance, of_task, last = topic.messages[-3:]
    common = {"Category": "Job", "JobId": job_id, "JobName": "a_b", "State": "Finished"}
    times = {name: done[name] for name in ("CreationTime", "StartTime", "EndTime")}
    assert last == {**common, "Event": "OnJobFinished", **times, "Message": ""}
    found = service.get(f"/jobs/{job_id}/tasks/t")
    times = {name: found[name] for name in ("StartTime", "EndTime")}
    assert of_task == {**common, "Event": "OnTaskFinished", "TaskName": "t", **times}
    found = service.instance(job_id)
    times = {name: found[name] for name in ("StartTime", "EndTime", "RetryCount")}
    assert instance == {**common, "Event": "OnInstanceFinished", "TaskName": "t", "InstanceId": 0, **times}
    assert topic.messages[0]["StartTime"] == topic.messages[3]["EndTime"] == ""
    assert service.get(f"/jobs/{job_id}?description")["Notification"]["Topic"]["UserData"] == "<x>"


def test_a_job_that_fails_and_starts_again(service: Service, topic: Topic) -> None:
    tasks = {"t": task("false", MaxRetryCount=1), "u": task("true")}
    job_id = service.create(job(tasks, {"t": ["u"]}, Notification=notification(topic.endpoint)))
    done = service.wait(job_id)
    assert topic.events(job_id, "OnJobFailed") == [
        *["OnJobWaiting", "OnTaskWaiting t", "OnTaskWaiting u", "OnInstanceWaiting t 0", "OnInstanceWaiting u 0"],
        *["OnJobRunning", "OnTaskRunning t", "OnInstanceRunning t 0"],
        *["OnTaskWaiting t", "OnInstanceWaiting t 0", "OnTaskRunning t", "OnInstanceRunning t 0"],
        *["OnInstanceFailed t 0", "OnTaskFailed t", "OnInstanceStopped u 0", "OnTaskStopped u", "OnJobFailed"],
    ]
    assert topic.messages[-1]["Message"] == done["Message"] != ""
    before = len(topic.messages)
    service.call("POST", f"/jobs/{job_id}/start")
    wait_until(lambda: len(topic.messages) >= before + 5)
    assert [m["Event"] for m in topic.messages[before : before + 2]] == ["OnJobWaiting", "OnTaskWaiting"]
    service.wait(job_id)


def test_a_job_that_is_stopped(service: Service, topic: Topic) -> None:
    job_id = service.create(job("sleep 60", Notification=notification(topic.endpoint)))
    wait_until(lambda: service.state(job_id) == "Running")
    assert service.call("POST", f"/jobs/{job_id}/stop").status_code == 201
    events = topic.events(job_id, "OnJobStopped")
    assert events == [*BEGUN, "OnInstanceStopped t 0", "OnTaskStopped t", "OnJobStopped"]


def test_only_what_was_asked_for(service: Service, topic: Topic) -> None:
    asked = notification(topic.endpoint, "OnJobFinished", "OnPriorityChange", "OnInstanceStopped")
    released = service.create(job("true", AutoRelease=True, Notification=asked))
    assert topic.events(released, "OnJobFinished") == ["OnJobFinished"]
    job_id = service.create(job("sleep 60", Notification=asked))
    service.call("POST", f"/jobs/{job_id}/stop")
    for priority in (7, 7):
        assert service.call("PUT", f"/jobs/{job_id}", {"Priority": priority}).status_code == 200
    assert topic.events(job_id, "OnPriorityChange") == ["OnInstanceStopped t 0", "OnPriorityChange"]
    assert topic.messages[-1]["Priority"] == 7


def test_a_failure_that_passes_and_one_that_does_not(start_service: Callable[..., Service], topic: Topic) -> None:
    service = start_service()
    asked = notification(topic.endpoint, "OnJobWaiting", "OnJobRunning", "OnJobFinished")
    topic.statuses = [500, 503, 201, 404, 307]  # the first error is transient, the last two are not
    job_id = service.create(job("true", Notification=asked))
    service.wait(job_id)
    wait_until(lambda: len(topic.requests) == 5)
    assert [message["Event"] for message in topic.messages] == ["OnJobWaiting"]
    assert {path for path, _ in topic.requests} == {"/topics/my%20topic/messages"}
    again = service.create(job("true", Notification=asked))
    assert topic.events(again, "OnJobFinished") == ["OnJobWaiting", "OnJobRunning", "OnJobFinished"]
    lines = [line for line in service.log.read_text().splitlines() if "dropped" in line]
    assert len(lines) == 2
    assert f"dropped OnJobRunning of {job_id}" in lines[0]
    assert "status 404" in lines[0]
    assert lines[1].endswith("2 messages were dropped.")


@contextmanager
def silent() -> Iterator[str]:
    """Port that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_no_answer_slows_no_job(start_service: Callable[..., Service]) -> None:
    service = start_service("--max-instances", "4")
    with silent() as endpoint:
        begin = time.monotonic()
        tasks = {"t": task("true", 10)}
        with_topic = service.create(job(tasks, Notification=notification(endpoint)))
        assert service.wait(with_topic)["State"] == "Finished"
        duration = time.monotonic() - begin
        begin = time.monotonic()
        service.run(job(tasks))
        # Three attempts to deliver the first message take seven seconds.
        assert duration < time.monotonic() - begin + 4
        begin = time.monotonic()
        assert service.end() == 0
        assert time.monotonic() - begin < 10
    text = service.log.read_text()
    assert f"dropped OnJobWaiting of {with_topic}" in text
    # Job, task and ten instances, each Waiting, Running, Finished; the task is Running all the time.
    assert "36 messages were dropped." in text


def test_what_finds_no_room_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    delivery = Delivery()
    with silent() as endpoint:
        begin = time.monotonic()
        for _ in range(50_020):
            delivery.put(endpoint, {"Event": "OnJobWaiting", "JobId": "job-1"})
        assert time.monotonic() - begin < 5
        assert "dropped OnJobWaiting of job-1" in caplog.text
        assert "the queue has its maximum of 50000 messages" in caplog.text
        delivery.close()
    assert caplog.messages[-1] == f"Topic {endpoint}: 50020 messages were dropped."
    assert len(caplog.messages) == 2


@pytest.mark.parametrize(
    "endpoint", ["http://1.mns.cn-shanghai.aliyuncs.com/", "http://192.0.2.1:9/", "http://[::1", ""]
)
def test_no_other_machine_gets_anything(start_service: Callable[..., Service], endpoint: str) -> None:
    service = start_service()
    for _ in range(2):
        assert service.run(job("true", Notification=notification(endpoint)))["State"] == "Finished"
    lines = [line for line in service.log.read_text().splitlines() if "Topic" in line]
    assert len(lines) == 1
    assert f"'my topic' at {endpoint!r} receives no events" in lines[0]


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/topics/a%2Fb/messages"),
        ("http://localhost:8000/", "http://localhost:8000/topics/a%2Fb/messages"),
        ("https://[::1]:8000/base/?x=1#y", "https://[::1]:8000/base/topics/a%2Fb/messages"),
        # urllib3 reads example.com as the host of this URL.
        ("http://example.com\\@127.0.0.1/", ""),
        ("http://user:secret@127.0.0.1/", ""),
        ("http://127.0.0.1@example.com/", ""),
        ("http://127.0.0.1.example.com/", ""),
        ("http://127.0.0.1:port/", ""),
        ("file://localhost/etc", ""),
        ("127.0.0.1:8000", ""),
    ],
)
def test_the_address_that_is_asked(endpoint: str, url: str) -> None:
    assert _messages_url(endpoint, "a/b") == url
    assert _messages_url(endpoint, "") == ""
