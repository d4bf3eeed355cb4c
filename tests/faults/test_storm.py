"""500 submissions while the service fails in every way: one job each, and each is reached by who submitted it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from airflow_provider_bcs import batchcompute, dlc
from airflow_provider_bcs.batchcompute.port import BatchComputePort
from airflow_provider_bcs.batchcompute.submission import submit as submit_batchcompute
from airflow_provider_bcs.batchcompute.target import Target
from airflow_provider_bcs.dlc.port import DlcPort
from airflow_provider_bcs.dlc.submission import submit as submit_dlc
from airflow_provider_bcs.dlc.target import JobTarget
from airflow_provider_bcs.exceptions import ApiError
from airflow_provider_bcs.local.faults import KINDS
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from airflow_provider_bcs.waiting.polling import Poll, Status, wait_for_end
from tests.batchcompute.jobs import job as batchcompute_job
from tests.batchcompute.jobs import task
from tests.conftest import IMPATIENT
from tests.dlc.jobs import job as dlc_job
from tests.local.conftest import start_service as start_service
from tests.local.service import Service

pytestmark = pytest.mark.faults

SUBMISSIONS = 500
THREADS = 16
#: The share of requests that each kind of fault hits; about every fourth request fails or is late.
RATE = 0.05
TRIES = 20


@pytest.fixture
def storm(start_service: Callable[..., Service]) -> Iterator[Service]:
    """A service of its own, whose jobs can be counted, and which misbehaves in all ways."""
    service = start_service("--max-instances", "4")
    play(
        service,
        *(
            {"operation": operation, "kind": kind, "rate": RATE, "seconds": 0.1}
            for operation in ("batchcompute.CreateJob", "batchcompute.GetJob", "batchcompute.ListJobs")
            + ("batchcompute.StartJob", "dlc.CreateJob", "dlc.GetJob", "dlc.ListJobs")
            for kind in KINDS
        ),
    )
    yield service
    assert "Traceback" not in service.log.read_text()


def play(service: Service, *faults: dict[str, Any]) -> None:
    assert requests.post(f"{service.url}/_local/faults", json=list(faults), timeout=10).ok


def as_task_instance(attempt: Callable[[bool], tuple[str, str]], good: str) -> str:
    """Try as a task with retries does, which knows nothing of the try before; return the job's id."""
    for number in range(1, TRIES + 1):
        try:
            job_id, state = attempt(number > 1)
        except ApiError as error:
            logging.info("Try %d: %s", number, error)
            continue
        if state == good:
            return job_id
    raise AssertionError("too many tries")


def submit_all(attempt: Callable[[int, bool], tuple[str, str]], good: str) -> list[str]:
    with ThreadPoolExecutor(THREADS) as threads:
        return list(
            threads.map(
                lambda number: as_task_instance(lambda resume: attempt(number, resume), good), range(SUBMISSIONS)
            )
        )


def end_of(poll: Poll[Status]) -> str:
    return wait_for_end(poll, 0.2)


def test_batchcompute(storm: Service) -> None:
    client = batchcompute.Client(storm.url, "local", ACCESS_KEY_SECRET, retry=IMPATIENT)
    first_times = storm.data_dir.parent / "first-times"
    first_times.mkdir()

    def attempt(number: int, resume: bool) -> tuple[str, str]:
        # Every fifth one fails when it runs for the first time, and is started again.
        command = f"sh -c '! mkdir {first_times}/{number}'" if number % 5 == 0 else "true"
        description = batchcompute_job({"a": task(command)}, Name=f"job-{number}")
        job_id = submit_batchcompute(client, description, {"number": number}, resume=resume)
        return job_id, end_of(BatchComputePort(client).poll(Target(job_id), logging.getLogger("test")))

    reached = submit_all(attempt, "Finished")
    play(storm)
    found = {item.Name: item.Id for item in client.list_jobs()}
    assert len(list(client.list_jobs())) == SUBMISSIONS
    assert [found[f"job-{number}"] for number in range(SUBMISSIONS)] == reached
    assert {item.State for item in client.list_jobs()} == {"Finished"}
    client.close()


def test_dlc(storm: Service) -> None:
    client = dlc.Client(storm.url, "local", ACCESS_KEY_SECRET, retry=IMPATIENT)

    def attempt(number: int, resume: bool) -> tuple[str, str]:
        description = dlc_job("true", DisplayName=f"job-{number}")
        job_id = submit_dlc(client, description, {"number": number}, resume=resume)
        return job_id, end_of(DlcPort(client).poll(JobTarget(job_id, 0), logging.getLogger("test")))

    reached = submit_all(attempt, "Succeeded")
    play(storm)
    listed = list(client.list_jobs())
    assert len(listed) == SUBMISSIONS
    found = {item.DisplayName.rsplit("-", 2)[0]: item.JobId for item in listed}
    assert [found[f"job-{number}"] for number in range(SUBMISSIONS)] == reached
    assert {item.Status for item in listed} == {"Succeeded"}
    client.close()
