"""The origin of a job: added within the limits, and no reason for a second job."""

from __future__ import annotations

import logging
import uuid

import pytest

from airflow_provider_bcs.batchcompute import submission as batchcompute
from airflow_provider_bcs.batchcompute.facts import MAX_BODY_SIZE, MAX_VARIABLE_LENGTH
from airflow_provider_bcs.batchcompute.origin import descriptions
from airflow_provider_bcs.description.source import CheckedJob
from airflow_provider_bcs.dlc import submission as dlc_submission
from airflow_provider_bcs.dlc.origin import with_origin
from airflow_provider_bcs.exceptions import InvalidRequestError
from airflow_provider_bcs.http.observer import Observer
from airflow_provider_bcs.waiting.origin import UNKNOWN, Origin
from tests.batchcompute.jobs import job, task
from tests.dlc.jobs import job as dlc_job

FIRST = Origin({"TRY": "1"}, tags={"airflow-dag": "d"}, description="from Airflow")
THIRD = Origin({"TRY": "3"}, earlier=[{"TRY": "2"}, {"TRY": "1"}], tags=FIRST.tags, description=FIRST.description)


class Submissions(Observer):
    """Observer that keeps how submissions ended."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []

    def submitted(self, outcome):
        self.outcomes.append(outcome)


def owner():
    return {"task": uuid.uuid4().hex, "generation": 0}


def test_a_further_attempt_finds_the_batchcompute_job(client):
    client.observer = seen = Submissions()
    who, what = owner(), job({"a": task("sleep 600")})
    first = batchcompute.submit(client, what, who, resume=False, origin=FIRST)
    assert batchcompute.submit(client, what, who, resume=True, origin=THIRD) == first
    assert batchcompute.find_submitted(client, what, who, restart=True, origin=THIRD) == first
    client.stop_job(first)
    assert seen.outcomes == ["new", "reattached"]


def test_a_further_attempt_finds_the_dlc_job(dlc):
    dlc.observer = seen = Submissions()
    who, what = owner(), dlc_job("sleep 600")
    first = dlc_submission.submit(dlc, what, who, resume=False, origin=FIRST)
    assert dlc_submission.submit(dlc, what, who, resume=True, origin=THIRD) == first
    assert dlc_submission.find_submitted(dlc, what, who) == first
    dlc.stop_job(first)
    assert seen.outcomes == ["new", "reattached"]


def test_the_first_submission_of_a_further_attempt_is_new(client, dlc):
    client.observer = dlc.observer = seen = Submissions()
    batchcompute.submit(client, job({"a": task("true")}), owner(), resume=True, origin=THIRD)
    dlc_submission.submit(dlc, dlc_job("true"), owner(), resume=True, origin=THIRD)
    assert seen.outcomes == ["new", "new"]


def test_a_refused_submission(client, dlc):
    client.observer = dlc.observer = seen = Submissions()
    with pytest.raises(InvalidRequestError):
        batchcompute.submit(client, job(Priority=-1), owner(), resume=False, origin=FIRST)
    with pytest.raises(InvalidRequestError):
        dlc_submission.submit(dlc, dlc_job(JobSpecs=[]), owner(), resume=False, origin=FIRST)
    assert seen.outcomes == ["refused", "refused"]


def test_no_origin_changes_nothing():
    what = job()
    assert descriptions(what, UNKNOWN) == [what]


def test_a_job_of_type_app_has_a_description_only():
    app = {"Name": "a", "Type": "App", "App": {"AppName": ":x"}}
    assert descriptions(app, THIRD) == [{**app, "Description": "from Airflow"}]


def test_a_value_that_is_too_long(caplog):
    origin = Origin({"LONG": "x" * (MAX_VARIABLE_LENGTH + 1), "SHORT": "x"})
    (made,) = descriptions(job({"a": task()}), origin)
    assert made["DAG"]["Tasks"]["a"]["Parameters"]["Command"]["EnvVars"] == {"SHORT": "x"}
    assert "Variable LONG is left out: found 1025 characters; the service takes at most 1024." in caplog.text


def test_a_request_that_is_too_large(caplog):
    what = job({"a": task()})
    what["Padding"] = "x" * (MAX_BODY_SIZE - len(str(what)) - 50)
    with caplog.at_level(logging.WARNING):
        assert descriptions(what, Origin({"SOME": "x" * 500})) == [what]
    assert "The job is submitted without the variables of its Airflow task: Found 2" in caplog.text


@pytest.mark.parametrize("field", [{"Envs": ["A=1"]}, {"CustomEnvs": ["A"]}, {"CustomEnvs": {"A": "1"}}])
def test_variables_in_a_form_that_the_author_has_the_checks_ignore(field):
    what = CheckedJob(dlc_job(**field))
    found = with_origin(what, FIRST)
    assert {name: found.get(name) for name in ("Envs", "CustomEnvs")} == {
        name: what.get(name) for name in ("Envs", "CustomEnvs")
    }
    tags = CheckedJob(dlc_job(Settings={"Tags": ["a"]}))
    assert with_origin(tags, FIRST)["Settings"] == {"Tags": ["a"]}
    listed = job({"a": task()})
    listed["DAG"]["Tasks"]["a"]["Parameters"]["Command"]["EnvVars"] = ["A=1"]
    (made,) = descriptions(listed, FIRST)
    assert made == {**listed, "Description": "from Airflow"}
