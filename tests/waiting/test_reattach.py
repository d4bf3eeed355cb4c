"""Reattach to the job of a former try, or stop it: against the local service and without Airflow."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.batchcompute.submission import submit
from airflow_provider_bcs.exceptions import ServerError
from airflow_provider_bcs.waiting.reattach import STORED_JOB, reattach
from airflow_provider_bcs.waiting.stopping import stop
from tests.batchcompute.jobs import job, task

log = logging.getLogger(__name__)


class Store(dict[str, Any]):
    """Keeps JSON, like Airflow's."""

    def get(self, key: str, default: Any = None) -> Any:
        return json.loads(super().get(key, json.dumps(default)))

    def set(self, key: str, value: Any) -> None:
        self[key] = json.dumps(value)


class Owner:
    """Submitter of endless jobs, whose every try is that of a new worker."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.run = f"run-{uuid.uuid4().hex}"
        self.store: Store | None = Store()

    def submit(self, generation: int, number: int = 0, resume: bool = True) -> str:
        """Submit the job of this number, which is another one than that of any other."""
        description = job({"a": task("sleep 600", ClusterId=self.run)}, Priority=number)
        owner = {"run": self.run, "generation": generation}
        again = partial(submit, self.client, description, owner, resume=resume)
        return reattach(again, owner, self.store, partial(stop, self.client, log=log, raise_transient=True), log)

    def states(self) -> list[str]:
        """The states of its jobs, the oldest first."""
        return [found.State for found in self.client.list_jobs(cluster_id=self.run, reverse=True)]


@pytest.fixture
def owner(client: Client) -> Iterator[Owner]:
    owner = Owner(client)
    yield owner
    for found in client.list_jobs(cluster_id=owner.run):
        if not found.is_terminal:
            client.stop_job(found)


def test_a_retry_goes_on_with_its_job(owner):
    first = owner.submit(0, resume=False)
    assert owner.submit(0) == first
    assert owner.submit(0) == first
    assert len(owner.states()) == 1
    assert "Stopped" not in owner.states()


def test_another_generation_stops_the_job_of_before_first(owner, faults):
    first = owner.submit(0)
    faults({"operation": "batchcompute.CreateJob", "kind": "error-500"})
    with pytest.raises(ServerError):
        owner.submit(1)
    assert owner.states() == ["Stopped"]
    faults()
    second = owner.submit(1)
    assert second != first
    assert owner.submit(1) == second
    assert owner.states()[0] == "Stopped"
    assert owner.states()[1] != "Stopped"


def test_another_job_of_the_same_generation_is_stopped_when_there_is_one_in_its_place(owner, faults):
    first = owner.submit(0)
    faults({"operation": "batchcompute.CreateJob", "kind": "error-500"})
    with pytest.raises(ServerError):
        owner.submit(0, number=1)
    assert owner.states() != ["Stopped"]
    faults()
    assert owner.submit(0, number=1) != first
    assert owner.states()[0] == "Stopped"
    assert owner.states()[1] != "Stopped"


@pytest.mark.parametrize("change", [{"generation": 1}, {"generation": 0, "number": 1}])
def test_one_that_cannot_be_stopped_now_is_stopped_by_a_further_try(owner, faults, change):
    owner.submit(0)
    faults({"operation": "batchcompute.StopJob", "kind": "error-500"})
    for _ in range(2):
        with pytest.raises(ServerError):
            owner.submit(**change)
    faults()
    second = owner.submit(**change)
    assert owner.submit(**change) == second
    assert owner.states()[0] == "Stopped"
    assert owner.states()[1] != "Stopped"
    assert len(owner.states()) == 2


def test_what_was_kept_may_be_gone(owner):
    first = owner.submit(0)
    owner.client.stop_job(first)
    owner.client.delete_job(first)
    assert owner.submit(1) != first


def test_where_nothing_is_kept_nothing_is_stopped(owner):
    owner.store = None
    first = owner.submit(0)
    assert owner.submit(0) == first
    assert owner.submit(1) != first
    assert "Stopped" not in owner.states()


def test_what_is_kept_stays_readable(owner):
    """Airflow keeps it over an update of this package."""
    job_id = owner.submit(3)
    assert STORED_JOB == "bcs_job"
    assert owner.store.get(STORED_JOB) == {"job_id": job_id, "generation": 3}
