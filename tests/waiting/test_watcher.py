"""The watcher, against the local service: how many calls it makes, when, and which updates each subscription gets."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import requests

from airflow_provider_bcs.batchcompute import Client, reading
from airflow_provider_bcs.batchcompute.mirror import FollowedTarget
from airflow_provider_bcs.batchcompute.target import Target
from airflow_provider_bcs.dlc import reading as dlc_reading
from airflow_provider_bcs.dlc.target import JobTarget, PodTarget
from airflow_provider_bcs.exceptions import (
    AccessDeniedError,
    NotFoundError,
    RefusedKeysError,
    ServerError,
    ThrottledError,
    WaitAbortedError,
)
from airflow_provider_bcs.http.session import RetryPolicy
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from airflow_provider_bcs.waiting.polling import MAX_FAILED_POLLS, PollResults
from airflow_provider_bcs.waiting.subscription import Subscription
from airflow_provider_bcs.waiting.watcher import Watcher
from tests.batchcompute.jobs import job, task
from tests.dlc.jobs import job as dlc_job
from tests.local.service import Service, wait_until

ONCE = RetryPolicy(attempts=1)


@pytest.fixture
def counted(service: Service) -> Callable[[], Counter[str]]:
    """Return the requests since the call before."""
    before: Counter[str] = Counter()

    def count() -> Counter[str]:
        nonlocal before
        present = Counter(requests.get(f"{service.url}/_local/requests", timeout=5).json())
        since, before = present - before, present
        return since

    count()
    return count


@pytest.fixture
def waiting_jobs(client: Client) -> Iterator[list[str]]:
    """Jobs that find no place to run in; the first eight run."""
    ids = [client.create_job(job({"a": task("sleep 600")})).Id for _ in range(30)]
    yield ids
    for job_id in ids:
        client.stop_job(job_id)


@asynccontextmanager
async def watcher_of(
    service: Service, read_all: Any = reading.read_all, secret: str = ACCESS_KEY_SECRET
) -> AsyncIterator[Any]:
    async def connect() -> Client:
        return Client(service.url, "local", secret, retry=ONCE)

    watcher = Watcher(connect, read_all)
    try:
        yield watcher
    finally:
        watcher.close()


async def end_of(subscription: Subscription) -> Any:
    while (update := await subscription.next_update()) is not None:
        if isinstance(update, Exception) or update.is_terminal:
            return update
    return None


def test_alone_it_costs_one_call(service, client, counted):
    created = client.create_job(job({"a": task("sleep 600")}))

    async def main() -> None:
        async with watcher_of(service) as watcher:
            subscription = watcher.subscribe(Target(created.Id), 0.3)
            await subscription.next_update()
            counted()
            await asyncio.sleep(1)

    asyncio.run(main())
    found = counted()
    assert set(found) == {"batchcompute.GetJob"}
    assert 2 <= found["batchcompute.GetJob"] <= 4
    client.stop_job(created)


def test_many_are_listed(service, client, counted, waiting_jobs):
    """A round is two pages, and a call for what is in neither list."""

    async def main() -> list[Any]:
        async with watcher_of(service) as watcher:
            subscriptions = [watcher.subscribe(Target(job_id), 0.5) for job_id in waiting_jobs]
            for subscription in subscriptions:
                await subscription.next_update()
            counted()
            client.stop_job(waiting_jobs[3])
            return [await end_of(subscriptions[3]), await asyncio.sleep(1)]

    ended = asyncio.run(main())[0]
    assert (ended.Id, ended.State) == (waiting_jobs[3], "Stopped")
    found = counted()
    assert found["batchcompute.GetJob"] <= 5
    assert 2 <= found["batchcompute.ListJobs"] <= 10
    client.start_job(waiting_jobs[3])


def test_many_that_end_at_once_are_listed_too(client, counted, waiting_jobs):
    for job_id in waiting_jobs:
        client.stop_job(job_id)
    counted()
    found = dict(reading.read_all(client, [Target(job_id) for job_id in waiting_jobs]))
    assert {target.job_id: status.State for target, status in found.items()} == dict.fromkeys(waiting_jobs, "Stopped")
    assert sum(counted().values()) <= 10
    for job_id in waiting_jobs:
        client.start_job(job_id)


def test_of_very_many_those_that_ended_lately_are_told_first(client, counted, waiting_jobs, monkeypatch):
    monkeypatch.setattr(reading, "_MANY", len(waiting_jobs))
    for job_id in waiting_jobs[::10]:
        client.stop_job(job_id)
    counted()
    states = [status.State for _, status in reading.read_all(client, [Target(job_id) for job_id in waiting_jobs])]
    found = counted()
    for job_id in waiting_jobs[::10]:
        client.start_job(job_id)
    assert len(states) == len(waiting_jobs)
    assert states[:4] == ["Stopped"] * 3 + ["Waiting"]
    # The lists of the three ends, a page more where the jobs of other tests follow, of the waiting and of the running.
    assert set(found) == {"batchcompute.ListJobs"}
    assert 5 <= found["batchcompute.ListJobs"] <= 8


def test_a_job_among_many_others_is_not_looked_for_in_all_pages(client, counted, waiting_jobs):
    counted()
    found = dict(reading.read_all(client, [Target(job_id) for job_id in waiting_jobs[:3]]))
    assert len(found) == 3
    assert counted() == {"batchcompute.GetJob": 3}


def test_parts_of_jobs(client, counted):
    created = client.create_job(job({name: task("true", InstanceCount=6) for name in "abcdef"}))
    wait_until(lambda: client.get_job(created).is_terminal)
    targets = [FollowedTarget(created.Id, name) for name in "abcdef"]
    counted()
    found = dict(reading.read_all(client, targets))
    assert {target.task_name: status.outcome for target, status in found.items()} == dict.fromkeys("abcdef", "Finished")
    assert counted() == {"batchcompute.GetJob": 1, "batchcompute.ListTasks": 1}
    parts = [Target(created.Id, name) for name in "abcdef"] + [Target(created.Id, "a", n) for n in range(6)]
    found = dict(reading.read_all(client, parts))
    assert {status.State for status in found.values()} == {"Finished"}
    assert set(found) == set(parts)
    assert counted() == {"batchcompute.ListTasks": 1, "batchcompute.ListInstances": 1}


def test_what_is_missing_is_an_answer_of_its_own(client):
    created = client.create_job(job({"a": task("true")}))
    wait_until(lambda: client.get_job(created).is_terminal)
    known = [Target(created.Id), Target(created.Id, "a"), FollowedTarget(created.Id, "a")]
    missing = [Target("job-0"), Target("job-0", "a"), Target(created.Id, "no"), FollowedTarget("job-0", "a")]
    missing += [Target("job-0", name) for name in "bcde"]
    found = dict(reading.read_all(client, known + missing + [FollowedTarget(created.Id, "no")]))
    assert all(found[target].outcome == "Finished" for target in known)
    assert all(isinstance(found[target], NotFoundError) for target in missing)
    assert isinstance(found[FollowedTarget(created.Id, "no")], WaitAbortedError)


def test_dlc_jobs_are_listed_by_their_ids(dlc, counted):
    jobs = [dlc.create_job(dlc_job("sleep 600")).JobId for _ in range(5)]
    targets = [JobTarget(job_id) for job_id in jobs]
    counted()
    found = dict(dlc_reading.read_all(dlc, targets))
    assert {target.job_id for target in found} == set(jobs)
    assert counted() == {"dlc.ListJobs": 1}
    some: Sequence[Any] = [*targets, JobTarget("dlc-no"), PodTarget(jobs[0], "worker-0"), PodTarget(jobs[0], "no")]
    answers = dict(dlc_reading.read_all(dlc, some))
    assert isinstance(answers[JobTarget("dlc-no")], NotFoundError)
    assert set(answers) == set(some)
    assert counted() == {"dlc.ListJobs": 1, "dlc.GetJob": 2}
    for job_id in jobs:
        dlc.stop_job(job_id)


def test_intervals_share_calls_and_keep_their_own_pace(service, client, waiting_jobs):
    """A slow subscription is polled in its own interval, together with the fast ones."""
    rounds: list[tuple[float, set[str]]] = []

    def read_all(client: Client, targets: Any) -> Iterator[Any]:
        targets = list(targets)
        rounds.append((time.monotonic(), {target.job_id for target in targets}))
        return reading.read_all(client, targets)

    fast, slow = waiting_jobs[0], waiting_jobs[1]

    async def main() -> None:
        async with watcher_of(service, read_all) as watcher:
            watcher.subscribe(Target(fast), 0.2)
            watcher.subscribe(Target(slow), 1.0)
            await asyncio.sleep(4.1)

    asyncio.run(main())
    slow_rounds = [when for when, ids in rounds if slow in ids]
    assert 3 <= len(slow_rounds) <= 5
    assert len([ids for _, ids in rounds if fast in ids]) >= 10
    # The calls are the same ones: each poll of the slow subscription is one of the fast subscription's polls.
    assert len([ids for _, ids in rounds if ids == {fast, slow}]) >= 3


def test_a_long_round_does_not_keep_the_fast_ones_waiting(service, waiting_jobs):
    heard: list[str] = []

    def read_all(client: Client, targets: Any) -> Iterator[Any]:
        for target in targets:
            if target.job_id != waiting_jobs[0]:
                time.sleep(0.3)
            yield from reading.read_all(client, [target])
            heard.append(target.job_id)

    async def main() -> None:
        async with watcher_of(service, read_all) as watcher:
            for job_id in waiting_jobs[1:]:
                watcher.subscribe(Target(job_id), 0.6)
            watcher.subscribe(Target(waiting_jobs[0]), 0.5)
            while len(heard) < 25:
                await asyncio.sleep(0.1)

    asyncio.run(main())
    assert heard.count(waiting_jobs[0]) >= 4


def test_throttling_is_for_the_whole_connection(service, waiting_jobs, faults):
    """No poll is sent before the service's Retry-After has passed; then all polls continue."""
    begun: list[float] = []
    refused: list[float] = []

    def read_all(client: Client, targets: Any) -> Iterator[Any]:
        begun.append(time.monotonic())
        try:
            yield from reading.read_all(client, targets)
        except ThrottledError:
            refused.append(time.monotonic())
            raise

    async def main() -> list[Any]:
        faults({"operation": "*", "kind": "throttle", "times": 1, "seconds": 1.5})
        async with watcher_of(service, read_all) as watcher:
            subscriptions = [
                watcher.subscribe(Target(job_id), 0.1 + n % 2 / 10) for n, job_id in enumerate(waiting_jobs)
            ]
            first = [await subscription.next_update() for subscription in subscriptions]
            # Only they hear of the same state again; the two intervals need not have met in the round that was refused.
            refusals = [isinstance(result, ThrottledError) for result in first]
            told = [each for each, is_refused in zip(subscriptions, refusals, strict=True) if is_refused]
            return [first, [await each.next_update() for each in told]]

    answers = asyncio.run(main())
    assert any(isinstance(answer, ThrottledError) for answer in answers[0])
    (refusal,) = refused
    assert min(when for when in begun if when > refusal) >= refusal + 1.5
    assert not any(isinstance(answer, Exception) for answer in answers[1])


def test_other_keys_are_taken_from_the_connection(service, waiting_jobs):
    """Temporary keys expire during a wait; the poll continues with the connection's new keys."""
    secrets = ["expired", ACCESS_KEY_SECRET]
    connected: list[str] = []

    async def connect() -> Client:
        connected.append(secrets.pop(0))
        return Client(service.url, "local", connected[-1], retry=ONCE)

    async def main() -> Any:
        watcher = Watcher(connect, reading.read_all)
        subscription = watcher.subscribe(Target(waiting_jobs[0]), 0.1)
        try:
            return await subscription.next_update()
        finally:
            watcher.close()

    assert asyncio.run(main()).Id == waiting_jobs[0]
    assert connected == ["expired", ACCESS_KEY_SECRET]


def test_keys_that_stay_wrong_are_told(service, waiting_jobs):
    async def main() -> Any:
        async with watcher_of(service, secret="wrong") as watcher:
            return await watcher.subscribe(Target(waiting_jobs[0]), 0.1).next_update()

    assert isinstance(asyncio.run(main()), AccessDeniedError)


def test_a_deadline_ends_the_wait_and_an_unchanged_state_is_no_update(service, waiting_jobs):
    async def main() -> list[Any]:
        async with watcher_of(service) as watcher:
            subscription = watcher.subscribe(Target(waiting_jobs[-1]), 0.1, time.time() + 1)
            return [await subscription.next_update(), await subscription.next_update()]

    first, last = asyncio.run(main())
    assert first.State == "Waiting"
    assert last is None


def test_a_mistake_in_reading_leaves_nobody_waiting(service):
    def read_all(client: Client, targets: Any) -> Iterator[Any]:
        raise RuntimeError("a mistake")

    async def main() -> Any:
        async with watcher_of(service, read_all) as watcher:
            return await watcher.subscribe(Target("job-1"), 0.1).next_update()

    assert str(asyncio.run(main())) == "a mistake"


def test_a_mistake_in_the_watcher_leaves_nobody_waiting(service, waiting_jobs, monkeypatch):
    async def main() -> list[Any]:
        async with watcher_of(service) as watcher:
            monkeypatch.setattr(watcher, "_back_off", None)
            first = await watcher.subscribe(Target(waiting_jobs[0]), 0.1).next_update()
            monkeypatch.undo()
            return [first, await watcher.subscribe(Target(waiting_jobs[0]), 0.1).next_update()]

    error, state = asyncio.run(main())
    assert isinstance(error, TypeError)
    assert state.Id == waiting_jobs[0]


def test_no_poll_after_unsubscribe(service, waiting_jobs, counted):
    async def main() -> None:
        async with watcher_of(service) as watcher:
            subscription = watcher.subscribe(Target(waiting_jobs[0]), 0.1)
            await subscription.next_update()
            watcher.unsubscribe(subscription)
            await asyncio.sleep(0.3)
            counted()
            await asyncio.sleep(0.5)
            assert not counted()
            # And it begins again.
            assert await watcher.subscribe(Target(waiting_jobs[0]), 0.1).next_update()

    asyncio.run(main())


def test_tolerated_results_and_those_that_end_the_wait(caplog):
    results: PollResults[Any] = PollResults("job j", logging.getLogger())
    missing = NotFoundError(404, "NotFound", "no such job")
    assert results.accept(missing) is None
    assert results.accept(missing) is None
    with pytest.raises(WaitAbortedError, match="job j does not exist, or was deleted: NotFound"):
        results.accept(missing)
    results = PollResults("job j", logging.getLogger())
    for _ in range(MAX_FAILED_POLLS - 1):
        assert results.accept(ServerError(500, "InternalError", "oops")) is None
    with pytest.raises(ServerError):
        results.accept(ServerError(500, "InternalError", "oops"))
    with pytest.raises(AccessDeniedError):
        PollResults("job j", logging.getLogger()).accept(AccessDeniedError(403, "Forbidden", "no"))
    # Keys are rotated in two steps, so a poll in between fails.
    results = PollResults("job j", logging.getLogger())
    refused = RefusedKeysError(404, "InvalidAccessKeyId.NotFound", "no such key")
    assert [results.accept(refused), results.accept(refused)] == [None, None]
    with pytest.raises(RefusedKeysError):
        results.accept(refused)
