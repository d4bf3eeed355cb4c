"""The logs of several pods: each line once, in order of time, whatever the limit on the lines of one call."""

from __future__ import annotations

import logging
import re
import time

import pytest

from airflow_provider_bcs.dlc import Client
from airflow_provider_bcs.dlc.target import JobTarget, LoggingPoll
from airflow_provider_bcs.waiting.polling import wait_for_end
from tests.dlc.bodies import role
from tests.dlc.jobs import job
from tests.local.service import wait_until

#: A pod writes more lines, and faster, the higher its rank is.
SCRIPT = """
for i in $(seq 4); do
  for j in $(seq $((10 * (RANK + 1)))); do echo "line $i $j of $RANK"; done
  sleep 1.1
done
"""
LINES = {
    rank: [f"line {i} {j} of {rank}" for i in range(1, 5) for j in range(1, 10 * (rank + 1) + 1)] for rank in (0, 1, 2)
}


@pytest.fixture(scope="module")
def submitted(service) -> str:
    ready = service.ready
    client = Client(service.url, ready["access_key_id"], ready["access_key_secret"])
    body = job(SCRIPT, JobSpecs=[role(Type="Master"), role(PodCount=2)])
    job_id = client.create_job(body).JobId
    client.close()
    return job_id


def written(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    found = [re.fullmatch(r"\[([a-z]+-\d)\] (\S+ \S+) (line .*)", record.getMessage()) for record in caplog.records]
    return [(match[1], match[2], match[3]) for match in found if match]


def assert_complete_and_sorted(lines: list[tuple[str, str, str]]) -> None:
    for number, pod in enumerate(("master-0", "worker-0", "worker-1")):
        assert [text for name, _, text in lines if name == pod] == LINES[number]
    times = [at for _, at, _ in lines]
    assert times == sorted(times)
    assert len(set(times)) >= 4


@pytest.mark.parametrize("limit", [10_000, 7, 3, 1])
def test_a_limit_changes_neither_the_lines_nor_their_order(dlc, submitted, caplog, limit):
    wait_until(lambda: dlc.get_job(submitted).is_terminal)
    log = logging.getLogger("tests.job_logs")
    with caplog.at_level("INFO", log.name):
        assert wait_for_end(LoggingPoll(dlc, JobTarget(submitted, limit), log), 0.01) == "Succeeded"
    assert_complete_and_sorted(written(caplog))


@pytest.mark.parametrize("limit", [10_000, 20])
def test_lines_of_a_running_job(dlc, caplog, limit):
    body = job(SCRIPT, JobSpecs=[role(Type="Master"), role(PodCount=2)])
    job_id = dlc.create_job(body).JobId
    log = logging.getLogger("tests.job_logs")
    with caplog.at_level("INFO", log.name):
        assert wait_for_end(LoggingPoll(dlc, JobTarget(job_id, limit), log), 0.3, time.time() + 120) == "Succeeded"
    assert_complete_and_sorted(written(caplog))


def test_a_log_that_fails_for_a_while_loses_no_line(dlc, submitted, faults, caplog):
    wait_until(lambda: dlc.get_job(submitted).is_terminal)
    faults({"operation": "dlc.GetPodLogs", "kind": "error-500", "times": 12})
    log = logging.getLogger("tests.job_logs")
    with caplog.at_level("INFO", log.name):
        assert wait_for_end(LoggingPoll(dlc, JobTarget(submitted, 50), log), 0.01) == "Succeeded"
    lines = written(caplog)
    for number, pod in enumerate(("master-0", "worker-0", "worker-1")):
        assert [text for name, _, text in lines if name == pod] == LINES[number]
