"""One item of a list that cannot be read: only who waits for it hears that."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_bcs import dlc as dlc_package
from airflow_provider_bcs.batchcompute import Client, reading
from airflow_provider_bcs.batchcompute.mirror import FollowedTarget
from airflow_provider_bcs.batchcompute.target import Target
from airflow_provider_bcs.dlc import reading as dlc_reading
from airflow_provider_bcs.dlc.target import JobTarget
from airflow_provider_bcs.exceptions import ServerError, WaitAbortedError
from airflow_provider_bcs.http.session import RetryPolicy
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from tests.http.answering import answering
from tests.waiting.test_waits_apart import heard, watcher_of

ONCE = RetryPolicy(attempts=1)
NAMES = [f"job-{number}" for number in range(8)]
GOOD = [name for name in NAMES if name != "job-3"]


class Service:
    """Answers what is asked of eight jobs, of which one has something wrong in it."""

    def __init__(self, broken: Any) -> None:
        self.broken = broken
        self.calls: Counter[str] = Counter()

    def items(self, field: str) -> list[Any]:
        return [self.broken, *({field: name, "State": "Running", "Status": "Running"} for name in GOOD)]

    def __call__(self, path: str) -> tuple[int, Any]:
        url = urlsplit(path)
        name = url.path.rpartition("/")[2]
        self.calls[name if name == "jobs" else "one"] += 1
        if url.path == "/jobs":
            return 200, {"Items": self.items("Id") if parse_qs(url.query)["State"] == ["Running"] else []}
        if url.path == "/api/v1/jobs":
            is_first = parse_qs(url.query)["PageNumber"] == ["1"]
            return 200, {"Jobs": self.items("JobId") if is_first else [], "TotalCount": 8}
        if name in ("tasks", "instances"):
            return 200, {"Items": self.items("TaskName" if name == "tasks" else "InstanceId")}
        one = {"Id": name, "JobId": name, "TaskName": name, "State": "Running", "Status": "Running"}
        return 200, self.broken if name == "job-3" else one


BROKEN = [{"Id": "job-3", "JobId": "job-3", "TaskName": "job-3"}, {"State": "Running", "Status": "Running"}]


@pytest.fixture(params=BROKEN, ids=["no state", "no name"])
def broken(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize("watched", [False, True])
def test_jobs(broken, watched):
    answer = Service(broken)
    targets = [Target(name) for name in NAMES]

    async def main() -> list[Any]:
        watcher = watcher_of(url)
        try:
            return await heard(*(watcher.subscribe(target, 0.1) for target in targets))
        finally:
            watcher.close()

    with answering(answer) as url:
        if watched:
            found = dict(zip(targets, asyncio.run(main()), strict=True))
        else:
            client = Client(url, "local", ACCESS_KEY_SECRET, retry=ONCE)
            found = dict(reading.read_all(client, targets))
            client.close()
            assert answer.calls == {"jobs": 2, "one": 1}
    assert isinstance(found.pop(Target("job-3")), ServerError)
    assert [found[Target(name)].Id for name in GOOD] == GOOD


def test_something_else_in_the_list():
    """Of what nobody waits for nobody hears."""
    answer = Service(17)
    with answering(answer) as url:
        client = Client(url, "local", ACCESS_KEY_SECRET, retry=ONCE)
        found = dict(reading.read_all(client, [Target(name) for name in GOOD]))
        client.close()
    assert [status.Id for status in found.values()] == GOOD
    assert answer.calls == {"jobs": 2}


def test_tasks_that_are_followed(broken):
    with answering(Service(broken)) as url:
        client = Client(url, "local", ACCESS_KEY_SECRET, retry=ONCE)
        targets = [FollowedTarget("job-1", name) for name in NAMES]
        together = dict(reading.read_all(client, targets))
        bad = together.pop(targets[3])
        assert [status.task.TaskName for status in together.values()] == GOOD
        assert isinstance(bad, ServerError)
        # And the same to one who waits alone.
        assert targets[2].read(client).task.TaskName == "job-2"
        with pytest.raises(ServerError, match="MalformedAnswer"):
            targets[3].read(client)
        client.close()


def test_a_task_that_the_job_has_not_is_known_when_all_can_be_read():
    with answering(Service({"TaskName": "job-3", "State": "Running"})) as url:
        client = Client(url, "local", ACCESS_KEY_SECRET, retry=ONCE)
        with pytest.raises(WaitAbortedError, match="Job job-1 has no task other"):
            FollowedTarget("job-1", "other").read(client)
        client.close()


def test_parts_of_a_job(broken):
    answer = Service(broken)
    with answering(answer) as url:
        client = Client(url, "local", ACCESS_KEY_SECRET, retry=ONCE)
        found = dict(reading.read_all(client, [Target("job-1", name) for name in NAMES]))
        client.close()
    # The list, and the one that cannot be read in it.
    assert answer.calls == {"one": 2}
    assert isinstance(found.pop(Target("job-1", "job-3")), ServerError)
    assert [status.TaskName for status in found.values()] == GOOD


def test_dlc_jobs(broken):
    answer = Service(broken)
    with answering(answer) as url:
        client = dlc_package.Client(url, "local", ACCESS_KEY_SECRET, retry=ONCE)
        found = dict(dlc_reading.read_all(client, [JobTarget(name) for name in NAMES]))
        client.close()
    assert isinstance(found.pop(JobTarget("job-3")), ServerError)
    assert [found[JobTarget(name)].JobId for name in GOOD] == GOOD
    assert answer.calls["one"] == 1


def test_who_lists_hears_it_unless_told_otherwise(broken):
    with answering(Service(broken)) as url:
        clients = (
            Client(url, "local", ACCESS_KEY_SECRET, retry=ONCE),
            dlc_package.Client(url, "local", ACCESS_KEY_SECRET, retry=ONCE),
        )
        for listed in (clients[0].list_jobs("Running"), clients[1].list_jobs()):
            with pytest.raises(ServerError, match="MalformedAnswer"):
                list(listed)
        errors: list[ServerError] = []
        assert len(list(clients[0].list_jobs("Running", unreadable=errors.append))) == 7
        assert len(list(clients[1].list_jobs(unreadable=errors.append))) == 7
        assert [error.code for error in errors] == ["MalformedAnswer"] * 2
        for client in clients:
            client.close()
