"""Of a listed job fewer fields are read: what it tells who waits for it is the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.batchcompute import response as batchcompute
from airflow_provider_bcs.batchcompute.facts import TERMINAL
from airflow_provider_bcs.dlc import response as dlc
from airflow_provider_bcs.dlc.facts import ACTIVE, OUTCOMES, POD_TERMINAL
from airflow_provider_bcs.exceptions import ServerError
from airflow_provider_bcs.http.response import page_parser, read_items
from airflow_provider_bcs.http.session import RetryPolicy
from tests.http.answering import answering

texts = st.sampled_from(["", "some reason", "0/3", "2/3"]) | st.none()
times = st.sampled_from(["", "2026-01-02T03:04:05Z", "1970-01-01T00:00:00Z", "soon"]) | st.none()
metrics = st.fixed_dictionaries(
    {}, optional={name: st.integers(0, 9) | st.just("") for name in batchcompute.Metrics.model_fields}
)
pods = st.fixed_dictionaries({"PodId": texts, "Status": st.sampled_from(["Running", *POD_TERMINAL])})
batchcompute_jobs = st.fixed_dictionaries(
    {"Id": st.just("job-1"), "State": st.sampled_from(["Running", "Unheard", *TERMINAL])},
    optional={"TaskMetrics": metrics, "InstanceMetrics": metrics, "Message": texts, "EndTime": times, "New": texts},
)
dlc_jobs = st.fixed_dictionaries(
    {"JobId": st.just("dlc1"), "Status": st.sampled_from(["Unheard", *ACTIVE, *OUTCOMES])},
    optional={
        **dict.fromkeys(("SubStatus", "ReasonCode", "ReasonMessage", "RestartTimes", "DisplayName", "New"), texts),
        **dict.fromkeys(("GmtFinishTime", "GmtRunningTime"), times),
        "JobMaxRunningTimeMinutes": st.integers(0, 9),
        "Pods": st.lists(pods, max_size=3),
    },
)


def told(model: Any, item: Any, fields: Any = None) -> tuple[Any, ...]:
    (job,) = read_items(model, [item], fields=fields)
    return job.progress, job.is_terminal, job.outcome, job.is_unsuccessful


@given(batchcompute_jobs)
def test_a_batchcompute_job_tells_the_same(item):
    assert told(batchcompute.Job, item, batchcompute.JOB_STATE) == told(batchcompute.Job, item)


@given(dlc_jobs)
def test_a_dlc_job_tells_the_same(item):
    assert told(dlc.Job, item, dlc.JOB_STATE) == told(dlc.Job, item)


def test_what_is_no_object_is_an_error_all_the_same():
    with pytest.raises(ServerError, match="MalformedAnswer"):
        list(read_items(batchcompute.Job, ["Id", "State"], fields=batchcompute.JOB_STATE))


def test_other_fields_are_as_if_they_had_not_been_sent():
    item = {"Id": "job-1", "State": "Running", "Name": "a", "New": 1}
    (job,) = read_items(batchcompute.Job, [item], fields=batchcompute.JOB_STATE)
    assert (job.Name, job.model_extra) == ("", {})


@given(st.lists(batchcompute_jobs, max_size=3), texts)
def test_a_page_is_parsed_as_json_is(items, marker):
    page = {"Items": items, "NextMarker": marker, "RequestId": "r"}
    found = page_parser("Items", batchcompute.JOB_STATE, ("NextMarker",))(json.dumps(page).encode())
    wanted = [{name: item[name] for name in batchcompute.JOB_STATE if name in item} for item in items]
    assert found == {"Items": wanted, "NextMarker": marker}


@pytest.mark.parametrize(
    "item",
    [7, None, {"Id": "job-1"}, {"Id": "job-1", "State": "Running", "Name": "half a character: \ud800"}],
    ids=str,
)
def test_what_the_parser_does_not_take_is_read_as_json(item):
    """One item that is odd, or a name that somebody else has given: what can be read is read all the same."""
    page = {"Items": [item, {"Id": "job-2", "State": "Running"}], "NextMarker": ""}
    with answering(lambda path: (200, page)) as url:
        client = Client(url, "id", "secret")
        errors: list[ServerError] = []
        found = [job.Id for job in client.list_jobs(unreadable=errors.append, fields=batchcompute.JOB_STATE)]
        client.close()
    assert found[-1] == "job-2"
    assert len(found) + len(errors) == 2


def test_a_page_that_is_none_is_an_error_with_fields_too():
    with answering(lambda path: (200, {"Items": 7})) as url:
        client = Client(url, "id", "secret", retry=RetryPolicy(attempts=1))
        with pytest.raises(ServerError, match="Items: found int; expected a list of Job"):
            list(client.list_jobs(fields=batchcompute.JOB_STATE))
        client.close()
