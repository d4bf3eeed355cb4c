"""Subscriptions that share a watcher: an error of one target does not affect the others."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from airflow_provider_bcs import dlc as dlc_package
from airflow_provider_bcs.batchcompute import Client, reading
from airflow_provider_bcs.batchcompute.mirror import FollowedTarget, FollowedTask
from airflow_provider_bcs.batchcompute.response import Job, Task
from airflow_provider_bcs.batchcompute.target import Target
from airflow_provider_bcs.dlc import reading as dlc_reading
from airflow_provider_bcs.dlc.target import JobTarget
from airflow_provider_bcs.exceptions import (
    AccessDeniedError,
    NoAnswerError,
    NotFoundError,
    RefusedKeysError,
    ServerError,
    ThrottledError,
)
from airflow_provider_bcs.http.session import RetryPolicy
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from airflow_provider_bcs.waiting import watcher as watcher_module
from airflow_provider_bcs.waiting.subscription import Subscription
from airflow_provider_bcs.waiting.watcher import Watcher
from tests.batchcompute.jobs import job, task
from tests.http.answering import answering
from tests.local.service import Service

ONCE = RetryPolicy(attempts=1)


@pytest.fixture
def jobs(client: Client) -> Iterator[list[str]]:
    """Five jobs that do not end."""
    ids = [client.create_job(job({"a": task("sleep 600")})).Id for _ in range(5)]
    yield ids
    for job_id in ids:
        client.stop_job(job_id)


def watcher_of(*urls: str, read_all: Any = reading.read_all) -> Watcher:
    """Return a watcher of a connection that names one URL after the other, each time it is read."""
    left = list(urls)

    async def connect() -> Client:
        return Client(left.pop(0) if len(left) > 1 else left[0], "local", ACCESS_KEY_SECRET, retry=ONCE)

    return Watcher(connect, read_all)


async def heard(*waits: Subscription) -> list[Any]:
    return await asyncio.wait_for(asyncio.gather(*(wait.next_update() for wait in waits)), 20)


def test_a_task_that_waits_in_a_job_that_has_ended_is_an_update():
    waiting = Task(TaskName="b", State="Waiting")
    wait = Subscription(FollowedTarget("job-1", "b"), 1)
    assert wait.is_update(FollowedTask(Job(Id="job-1", State="Running"), waiting))
    assert not wait.is_update(FollowedTask(Job(Id="job-1", State="Running"), waiting))
    assert wait.is_update(FollowedTask(Job(Id="job-1", State="Failed"), waiting))


def test_a_task_that_fails_again_in_the_same_way_is_an_update():
    before = Task(TaskName="b", State="Failed", EndTime="2026-01-01T00:00:00Z")
    again = Task(TaskName="b", State="Failed", EndTime="2026-01-02T00:00:00Z")
    running = Job(Id="job-1", State="Running")
    wait = Subscription(FollowedTarget("job-1", "b", str(before.EndTime)), 1)
    stale = before.EndTime.isoformat()
    assert wait.is_update(FollowedTask(running, before, stale))
    assert wait.is_update(FollowedTask(running, again, stale))


def test_an_interval_that_is_shorter_than_its_round_lets_others_go_on(service, jobs):
    def read_all(client: Client, targets: Any) -> Iterator[Any]:
        for target in targets:
            time.sleep(0.25)
            yield from reading.read_all(client, [target])

    async def main() -> list[Any]:
        watcher = watcher_of(service.url, read_all=read_all)
        watcher.subscribe(Target(jobs[0]), 0.1)
        try:
            return await heard(*(watcher.subscribe(Target(job_id), 0.5) for job_id in jobs[1:]))
        finally:
            watcher.close()

    assert [found.Id for found in asyncio.run(main())] == jobs[1:]


@pytest.mark.parametrize(
    "bad", [Target(""), FollowedTarget("", "a"), Target(" ", "a"), Target(17)], ids=["job", "task", "part", "number"]
)
def test_an_id_that_can_be_none_is_an_error_of_its_own(client, jobs, bad):
    good = Target(jobs[0]), FollowedTarget(jobs[0], "a"), Target(jobs[1], "a")
    found = dict(reading.read_all(client, [bad, *good]))
    assert isinstance(found.pop(bad), TypeError)
    assert {target: status.outcome for target, status in found.items()} == dict.fromkeys(good)


def test_parts_of_a_job_that_can_be_none(client, jobs):
    bad = [Target("", name) for name in "abcd"]
    found = dict(reading.read_all(client, [*bad, Target(jobs[0], "a")]))
    assert all(isinstance(found[target], TypeError) for target in bad)
    assert found[Target(jobs[0], "a")].outcome is None


def test_a_target_that_cannot_be_looked_up_ends_nobody_elses_wait(service, jobs):
    async def main() -> list[Any]:
        watcher = watcher_of(service.url)
        wait = watcher.subscribe(Target(jobs[0]), 0.1)
        try:
            with pytest.raises(TypeError, match="unhashable"):
                watcher.subscribe(Target([jobs[0]]), 0.1)  # type: ignore[arg-type]
            return await heard(wait)
        finally:
            watcher.close()

    assert asyncio.run(main())[0].Id == jobs[0]


def test_a_job_that_the_user_may_not_see():
    def answer(path: str) -> tuple[int, Any]:
        if path == "/jobs/job-1":
            return 403, {"Code": "Forbidden", "Message": "not yours"}
        return 200, {"Id": path.rpartition("/")[2], "State": "Running"}

    async def main(url: str) -> list[Any]:
        watcher = watcher_of(url)
        try:
            return await heard(*(watcher.subscribe(Target(f"job-{number}"), 0.1) for number in (1, 2)))
        finally:
            watcher.close()

    with answering(answer) as url:
        refused, found = asyncio.run(main(url))
        client = Client(url, "local", ACCESS_KEY_SECRET, retry=ONCE)
        assert [target.job_id for target, _ in reading.read_all(client, [Target("job-1"), Target("job-2")])] == [
            "job-1",
            "job-2",
        ]
        client.close()
    assert isinstance(refused, AccessDeniedError)
    assert found.Id == "job-2"


def test_who_may_not_list_jobs_may_look_at_them():
    def answer(path: str) -> tuple[int, Any]:
        if path.startswith("/jobs?"):
            return 403, {"Code": "Forbidden", "Message": "no lists"}
        return 200, {"Id": path.rpartition("/")[2], "State": "Running"}

    with answering(answer) as url:
        client = Client(url, "local", ACCESS_KEY_SECRET, retry=ONCE)
        found = dict(reading.read_all(client, [Target(f"job-{number}") for number in range(8)]))
        client.close()
    assert {state.Id for state in found.values()} == {f"job-{number}" for number in range(8)}


@pytest.mark.parametrize("bad", ["no-id", "", 17])
def test_a_list_that_is_refused_for_one_id(bad):
    def answer(path: str) -> tuple[int, Any]:
        if path.startswith("/api/v1/jobs?") or path.endswith("no-id"):
            return 400, {"Code": "InvalidParameter", "Message": "JobIds"}
        return 200, {"JobId": path.rpartition("/")[2], "Status": "Running"}

    with answering(answer) as url:
        client = dlc_package.Client(url, "local", ACCESS_KEY_SECRET, retry=ONCE)
        found = dict(dlc_reading.read_all(client, [JobTarget(bad), JobTarget("dlc1"), JobTarget("dlc2")]))
        client.close()
    assert isinstance(found[JobTarget(bad)], Exception)
    assert [found[JobTarget(job_id)].JobId for job_id in ("dlc1", "dlc2")] == ["dlc1", "dlc2"]


@pytest.mark.parametrize("items", [17, "jobs", {"Id": "job-1"}, [17], [{"State": "Running"}]])
def test_a_list_that_is_none(items):
    with answering(lambda _: (200, {"Items": items})) as url:
        client = Client(url, "local", ACCESS_KEY_SECRET, retry=ONCE)
        with pytest.raises(ServerError, match="MalformedAnswer"):
            list(client.list_jobs())
        client.close()


def test_pages_that_go_round_in_a_circle():
    following = {"": "a", "a": "b", "b": "a"}

    def answer(path: str) -> tuple[int, Any]:
        marker = path.partition("Marker=")[2].partition("&")[0]
        return 200, {"Items": [{"Id": f"job-{marker}", "State": "Running"}], "NextMarker": following[marker]}

    with answering(answer) as url:
        client = Client(url, "local", ACCESS_KEY_SECRET, retry=ONCE)
        assert [found.Id for found in islice(client.list_jobs(), 9)] == ["job-", "job-a", "job-b"]
        client.close()


def test_a_service_that_asks_for_a_long_silence_is_asked_before(service, jobs, faults, monkeypatch):
    monkeypatch.setattr(watcher_module, "_MAX_PAUSE", 0.2)
    faults({"operation": "*", "kind": "throttle", "times": 1, "seconds": 60})

    async def main() -> list[Any]:
        watcher = watcher_of(service.url)
        # A single one is asked for at once.
        wait = watcher.subscribe(Target(jobs[0]), 0.1)
        try:
            return [*await heard(wait), *await heard(wait)]
        finally:
            watcher.close()

    refused, found = asyncio.run(main())
    assert isinstance(refused, ThrottledError)
    assert found.Id == jobs[0]


def test_no_interval_is_a_short_one(service, jobs):
    async def main() -> list[Any]:
        watcher = watcher_of(service.url)
        wait = watcher.subscribe(Target(jobs[0]), 0.0)
        try:
            return await heard(wait)
        finally:
            watcher.unsubscribe(wait)
            watcher.close()

    assert asyncio.run(main())[0].Id == jobs[0]


@pytest.mark.parametrize("steps", range(5))
def test_a_watcher_that_is_closed_at_any_moment_is_gone(service, steps):
    async def main() -> set[Any]:
        watcher = watcher_of(service.url)
        watcher.subscribe(Target("job-1"), 1000)
        await asyncio.sleep(0)
        watcher.subscribe(Target("job-1"), 2000)
        for _ in range(steps):
            await asyncio.sleep(0)
        watcher.close()
        for _ in range(9):
            await asyncio.sleep(0)
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert not asyncio.run(main())


def test_a_service_that_has_moved_is_found_by_the_connection(service: Service, jobs: list[str]) -> None:
    """The jobs are where the connection says now, not where it said when the first wait began."""

    async def main(url: str) -> list[Any]:
        watcher = watcher_of("http://127.0.0.1:1", url, service.url)
        wait = watcher.subscribe(Target(jobs[0]), 0.1)
        try:
            return [(await heard(wait))[0] for _ in range(3)]
        finally:
            watcher.close()

    with answering(lambda _: (404, {"Code": "InvalidResource.NotFound", "Message": "no such job"})) as url:
        none, missing, found = asyncio.run(main(url))
    assert isinstance(none, NoAnswerError)
    assert isinstance(missing, NotFoundError)
    assert found.Id == jobs[0]


def test_the_others_are_heard_though_reading_breaks_off_at_one_each_time(monkeypatch):
    monkeypatch.setattr(watcher_module, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(watcher_module, "_MAX_PAUSE", 0.01)

    def read(client: Any, targets: Any) -> Iterator[tuple[Any, Any]]:
        for target in targets:
            if target.job_id == "bad":
                raise NoAnswerError("cut off")
            yield target, Job(Id=target.job_id, State="Finished")

    async def main() -> list[Any]:
        watcher = watcher_of("http://127.0.0.1:1", read_all=read)
        watcher.subscribe(Target("bad"), 0.1)
        waits = [watcher.subscribe(Target(f"job-{number}"), 0.1) for number in range(12)]
        try:
            return [await asyncio.wait_for(_end(wait), 20) for wait in waits]
        finally:
            watcher.close()

    async def _end(wait: Subscription) -> Any:
        while isinstance(answer := await wait.next_update(), Exception):
            pass
        return answer

    assert {found.State for found in asyncio.run(main())} == {"Finished"}


def test_keys_that_are_refused_are_told_to_all_in_two_calls():
    """And not in a call for each: all of them would be refused."""
    calls: list[str] = []

    def answer(path: str) -> tuple[int, Any]:
        calls.append(path)
        return 404, {"Code": "InvalidAccessKeyId.NotFound", "Message": "no such key"}

    async def main(url: str) -> list[Any]:
        watcher = watcher_of(url)
        try:
            return await heard(*(watcher.subscribe(Target(f"job-{number}"), 0.5) for number in range(40)))
        finally:
            watcher.close()

    with answering(answer) as url:
        found = asyncio.run(main(url))
    assert {type(error) for error in found} == {RefusedKeysError}
    # Listing, one by itself; and the same with the connection read anew.
    assert len(calls) <= 4


def test_what_waits_ask_for_by_themselves_keeps_no_other_connection_from_its_answers():
    released = threading.Event()

    async def main() -> list[Any]:
        stuck, other = (watcher_of("http://127.0.0.1:1", read_all=read) for _ in range(2))
        hanging = [asyncio.ensure_future(stuck.in_thread(released.wait)) for _ in range(200)]
        try:
            await asyncio.sleep(0.2)
            found = await heard(other.subscribe(Target("job-1"), 0.1))
            await asyncio.wait_for(watcher_module.in_thread(lambda: None), 5)
            return found
        finally:
            released.set()
            await asyncio.gather(*hanging)
            stuck.close()
            other.close()

    def read(client: Any, targets: Any) -> Iterator[tuple[Any, Any]]:
        for target in targets:
            yield target, Job(Id=target.job_id, State="Finished")

    assert [found.State for found in asyncio.run(main())] == ["Finished"]
