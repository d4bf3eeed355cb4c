"""Every operation of the client, over real HTTP against the local service."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pendulum
import pytest

from airflow_provider_bcs.batchcompute import Client, JobDescription, validate_job
from airflow_provider_bcs.batchcompute.failure import explain_failure
from airflow_provider_bcs.batchcompute.submission import submit
from airflow_provider_bcs.exceptions import InvalidRequestError, NotFoundError, StateConflictError, TokenMismatchError
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from airflow_provider_bcs.waiting.submission import submission_token
from tests.batchcompute.jobs import job, task
from tests.http.answering import answering
from tests.local.service import wait_until


def ended(client, created):
    wait_until(lambda: client.get_job(created).is_terminal)
    return client.get_job(created)


def test_the_life_of_a_job(client):
    before = pendulum.now("UTC")
    created = client.create_job(
        JobDescription(job({"a": task("true", InstanceCount=3), "b": task("true")}, {"a": ["b"]}))
    )
    found = ended(client, created.Id)
    assert (found.Id, found.Name, found.State, found.Priority) == (created.Id, "a-job", "Finished", 1)
    assert before - timedelta(seconds=2) < found.CreationTime <= found.StartTime <= found.EndTime
    assert found.CreationTime.tzinfo is not None
    assert (found.TaskMetrics.FinishedCount, found.InstanceMetrics.FinishedCount) == (2, 4)
    assert [item.TaskName for item in client.list_tasks(created)] == ["a", "b"]
    assert client.get_task(created, "a").InstanceMetrics.total == 3
    assert [item.InstanceId for item in client.list_instances(created, "a")] == [0, 1, 2]
    assert client.get_instance(created, "a", 2).Result.ExitCode == 0
    client.delete_job(created)
    with pytest.raises(NotFoundError):
        client.get_job(created)


def test_the_description_comes_back(client):
    description = JobDescription(job({"a": task("true", Timeout=60)}, AutoRelease=False, Description="说明"))
    created = client.create_job(description)
    back = client.get_job_description(created)
    assert validate_job(back) == []
    assert (back.Name, back.Description) == ("a-job", "说明")
    assert back.DAG.Tasks["a"].Parameters.Command.CommandLine == "true"
    assert back.DAG.Tasks["a"].Timeout == 60


def test_stop_change_priority_start(client):
    created = client.create_job(job({"a": task("sleep 600")}))
    client.stop_job(created)
    assert client.get_job(created).State == "Stopped"
    client.change_job_priority(created, 77)
    assert client.get_job_description(created).Priority == 77
    client.start_job(created)
    assert client.get_job(created).State in ("Waiting", "Running")
    with pytest.raises(StateConflictError, match="The current resource state is"):
        client.delete_job(created)
    client.stop_job(created)
    with pytest.raises(StateConflictError):
        client.stop_job(created)
    client.delete_job(created)


def test_lists_page_by_themselves(client, service):
    ids = [client.create_job(job({"a": task("sleep 600", ClusterId="cls-paging")}, Name=f"j{n}")).Id for n in range(7)]
    before = service.session.get(f"{service.url}/_local/requests", timeout=10).json().get("batchcompute.ListJobs", 0)
    assert [item.Id for item in client.list_jobs(cluster_id="cls-paging", page_size=3)] == ids[::-1]
    after = service.session.get(f"{service.url}/_local/requests", timeout=10).json()["batchcompute.ListJobs"]
    assert after - before == 3
    by_id = [item.Id for item in client.list_jobs(cluster_id="cls-paging", order_by="Id", page_size=2)]
    reverse = [item.Id for item in client.list_jobs(cluster_id="cls-paging", order_by="Id", reverse=True)]
    assert sorted(by_id) == sorted(ids)
    assert by_id in (sorted(ids), sorted(ids, reverse=True))
    assert reverse == by_id[::-1]
    client.stop_job(ids[2])
    assert [item.Id for item in client.list_jobs("Stopped", "cls-paging")] == [ids[2]]
    for item in client.list_jobs(cluster_id="cls-paging"):
        if not item.is_terminal:
            client.stop_job(item)


@pytest.mark.parametrize("page_size", [0, 101])
def test_a_page_of_an_impossible_size_is_not_asked_for(client, page_size):
    with pytest.raises(ValueError, match=f"page_size: found {page_size}; expected a number from 1 to 100"):
        list(client.list_jobs(page_size=page_size))


def test_instances_page_by_number(client):
    created = client.create_job(job({"a": task("true", InstanceCount=23)}))
    ended(client, created)
    assert [item.InstanceId for item in client.list_instances(created, "a", page_size=5)] == list(range(23))
    assert len(list(client.list_instances(created, "a", "Finished", page_size=5))) == 23
    assert list(client.list_instances(created, "a", "Failed")) == []


def test_tokens(client):
    first = client.create_job(job({"a": task("true")}), token="same_token")
    assert client.create_job(job({"a": task("true")}), token="same_token").Id == first.Id
    with pytest.raises(TokenMismatchError):
        client.create_job(job({"a": task("false")}), token="same_token")


def test_refusals_carry_what_the_service_said(client):
    with pytest.raises(InvalidRequestError) as error:
        client.create_job({"Name": "x"})
    assert (error.value.status, error.value.code) == (400, "MissingType")
    assert error.value.message == "Type is mandatory for this action."
    assert error.value.request_id
    assert str(error.value).startswith("MissingType: Type is mandatory for this action. (HTTP 400, request ")


@pytest.mark.parametrize("wrong", ["", "  ", None, 3])
def test_an_empty_id_never_travels(client, wrong):
    with pytest.raises(TypeError, match="job id: found .*; expected text that is not blank"):
        client.delete_job(wrong)


def test_ids_cannot_change_the_path(client):
    with pytest.raises(NotFoundError):
        client.get_task("job-1/../..", "x?description")


def test_endpoints():
    assert Client("cn-shanghai", "id", "secret").endpoint == "https://batchcompute.cn-shanghai.aliyuncs.com"
    assert Client("cn-shanghai", "id", "secret").endpoint == "https://batchcompute.cn-shanghai.aliyuncs.com"
    assert Client("batchcompute-vpc.cn-shanghai.aliyuncs.com", "i", "s").endpoint.startswith("https://batchcompute-vpc")
    assert Client("cn-shanghai", "i", "s", endpoint="http://127.0.0.1:1").endpoint == "http://127.0.0.1:1"
    with pytest.raises(ValueError, match="endpoint: found 'ftp://x'; expected a URL such as https://host"):
        Client("cn-shanghai", "i", "s", endpoint="ftp://x")
    with pytest.raises(ValueError, match="expected both"):
        Client("cn-shanghai", "id")


# Submissions and failures


OWNER = {"dag": "d", "run": "r", "task": "t", "map": -1}


def test_a_submission_token_is_a_pure_function():
    token = submission_token({**OWNER, "generation": 0})
    assert token == submission_token(dict(reversed({**OWNER, "generation": 0}.items())))
    assert len({token, submission_token({**OWNER, "generation": 1}), submission_token(OWNER, 1)}) == 3
    assert len(token) == 64
    assert token.isalnum()


def test_submitting_again_finds_the_same_job(client):
    description, owner = job({"a": task("true")}), {**OWNER, "run": "again"}
    first = submit(client, description, owner, resume=False)
    ended(client, first)
    assert submit(client, description, owner, resume=True) == first


def test_a_failed_job_is_resumed_only_when_asked(client):
    description, owner = job({"a": task("false")}), {**OWNER, "run": "resume"}
    first = submit(client, description, owner, resume=False)
    before = ended(client, first)
    assert before.State == "Failed"
    assert submit(client, description, owner, resume=False) == first
    assert client.get_job(first).EndTime == before.EndTime
    assert submit(client, description, owner, resume=True) == first
    assert ended(client, first).EndTime > before.EndTime


def test_a_changed_or_deleted_job_is_submitted_anew(client):
    owner = {**OWNER, "run": "changed"}
    first = submit(client, job({"a": task("false")}), owner, resume=False)
    ended(client, first)
    second = submit(client, job({"a": task("true")}), owner, resume=True)
    assert first != second
    assert ended(client, second).State == "Finished"
    client.delete_job(second)
    assert submit(client, job({"a": task("true")}), owner, resume=True) not in (first, second)


def test_a_job_that_released_itself_is_not_submitted_again(client):
    owner = {**OWNER, "run": "released"}
    released = job({"a": task("true")}, AutoRelease=True)
    first = submit(client, released, owner, resume=False)
    wait_until(lambda: first not in [item.Id for item in client.list_jobs()])
    assert submit(client, released, owner, resume=True) == first


def test_a_failed_job_is_submitted_anew_when_that_is_asked_for(client):
    description, owner = job({"a": task("false")}), {**OWNER, "run": "resubmit"}
    found = []
    for _ in range(3):
        found.append(submit(client, description, owner, resume=True, restart=False))
        ended(client, found[-1])
    assert len(set(found)) == 3
    # What still runs, or has finished, is taken all the same.
    description, owner = job({"a": task("sleep 1")}), {**OWNER, "run": "take"}
    first = submit(client, description, owner, resume=False)
    assert submit(client, description, owner, resume=True, restart=False) == first
    assert ended(client, first).State == "Finished"
    assert submit(client, description, owner, resume=True, restart=False) == first


def test_a_failure_is_explained(client):
    command = 'sh -c "echo out of cheese >&2; exit 3"'
    failed = ended(client, client.create_job(job({"a": task("true"), "b": task(command)}, {"a": ["b"]})))
    # The job's message says the same as its instance, and so did the service of the exit code: each is said once.
    assert failed.Message == "Instance 0 of task b failed: CommandFailed: The command ended with exit code 3."
    head, spent, *lines = str(explain_failure(client, failed.Id, failed.State)).splitlines()
    assert head == f"Job {failed.Id} (a-job) is Failed"
    assert re.fullmatch(r"The job waited \d+ s and ran \d+ s\.", spent)
    assert lines == [
        "Instance 0 of task b failed: CommandFailed: The command ended with exit code 3.",
        "  | out of cheese",
        "(its host: 127.0.0.1)",
    ]


def test_a_failure_that_a_program_has_said_itself_is_not_said_again(client):
    missing = task("true")
    missing["Parameters"]["Command"]["PackagePath"] = "oss://b/none.tar"
    failed = ended(client, client.create_job(job({"a": missing}, JobFailOnInstanceFail=False)))
    first, _, instance, program, _ = str(explain_failure(client, failed.Id, failed.State)).splitlines()
    assert first == f"Job {failed.Id} (a-job) is Failed: No instance of task a finished."
    assert instance == "Instance 0 of task a failed: exit code 1"
    assert program.startswith("  | PackageNotFound: PackagePath oss://b/none.tar does not exist")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Instance 0 of task a failed: no disk", ""),
        ("Instance 0 of task a failed: no disk; the cluster is gone", None),
        ("Instance 10 of task a failed: no disk", None),
        ("Instance 0 of task ab failed: no disk", None),
        ("no disk", None),
        ("", ""),
    ],
)
def test_a_message_that_says_more_is_told(message, told):
    def answer(path: str) -> tuple[int, Any]:
        name = path.partition("?")[0].rpartition("/")[2]
        one = {"Id": "job-1", "Name": "n", "TaskName": "a", "InstanceId": 0, "State": "Failed", "Message": message}
        one["Result"] = {"ExitCode": 1, "ErrorMessage": "no disk"}
        return 200, one if name == "job-1" else {"Items": [one]}

    with answering(answer) as url:
        client = Client(url, "local", ACCESS_KEY_SECRET)
        first, second = str(explain_failure(client, "job-1", "Failed")).splitlines()
        client.close()
    told = message if told is None else told
    assert first == (f"Job job-1 (n) is Failed: {told}" if told else "Job job-1 (n) is Failed")
    assert second == "Instance 0 of task a failed: exit code 1, no disk"
