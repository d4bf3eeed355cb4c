"""Stopping a job that nobody waits for any more: what holds somebody up, and what is only said."""

from __future__ import annotations

import logging

import pytest

from airflow_provider_bcs import batchcompute
from airflow_provider_bcs import dlc as dlc_package
from airflow_provider_bcs.exceptions import NoAnswerError, ServerError
from airflow_provider_bcs.http.session import RetryPolicy
from airflow_provider_bcs.waiting.stopping import stop
from tests.batchcompute.jobs import job, task

log = logging.getLogger(__name__)
ONCE = RetryPolicy(attempts=1)
MAY_RUN = "Job job-0 could NOT be stopped and may still run: "


@pytest.mark.parametrize("raise_transient", [False, True])
def test_one_that_runs_is_stopped_and_that_it_has_ended_is_no_error(client, caplog, raise_transient):
    caplog.set_level(logging.INFO)
    job_id = client.create_job(job({"a": task("sleep 600")})).Id
    stop(client, job_id, log, raise_transient=raise_transient)
    assert client.get_job(job_id).State == "Stopped"
    stop(client, job_id, log, raise_transient=raise_transient)
    stop(client, "job-0", log, raise_transient=raise_transient)
    said = [record.getMessage() for record in caplog.records if record.name == __name__]
    assert said[0] == f"Job {job_id} is stopped."
    assert said[1].startswith(f"Job {job_id} is not running any more: StateConflict")
    assert said[2].startswith("Job job-0 is not running any more: InvalidResource.NotFound")


@pytest.mark.parametrize("service_package", [batchcompute, dlc_package])
@pytest.mark.parametrize("raise_transient", [False, True])
def test_other_keys_hold_nobody_up(service, caplog, service_package, raise_transient):
    """The connection may have become one to another account."""
    client = service_package.Client(service.url, "local", "another", retry=ONCE)
    stop(client, "job-0", log, raise_transient=raise_transient)
    client.close()
    assert MAY_RUN in caplog.text


@pytest.mark.parametrize(("kind", "error"), [("error-500", ServerError), ("drop-before", NoAnswerError)])
def test_what_may_pass_is_told_to_who_tries_again(client, faults, caplog, kind, error):
    faults({"operation": "batchcompute.StopJob", "kind": kind})
    with pytest.raises(error):
        stop(client, "job-0", log, raise_transient=True)
    assert MAY_RUN not in caplog.text
    stop(client, "job-0", log)
    assert MAY_RUN in caplog.text
