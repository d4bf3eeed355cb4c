"""The PAI-DLC client against the local service."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone

import pytest

from airflow_provider_bcs.dlc import Client, JobDescription
from airflow_provider_bcs.dlc.failure import explain_failure
from airflow_provider_bcs.dlc.response import Job
from airflow_provider_bcs.dlc.submission import TAG, submit
from airflow_provider_bcs.exceptions import (
    AccessDeniedError,
    InvalidRequestError,
    NoAnswerError,
    NotFoundError,
    ServerError,
    StateConflictError,
    ThrottledError,
)
from airflow_provider_bcs.http.session import RetryPolicy
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from tests.dlc.jobs import job
from tests.local.service import wait_until

OWNER = {"dag": "d", "run": "r"}


def ended(client: Client, job_id: str) -> Job:
    wait_until(lambda: client.get_job(job_id).is_terminal)
    return client.get_job(job_id)


def named() -> str:
    return f"n-{uuid.uuid4().hex}"


def test_a_job_from_creation_to_its_end(dlc):
    name = named()
    created = dlc.create_job(JobDescription(job("echo hello; echo trouble >&2", pods=2, DisplayName=name)))
    found = ended(dlc, created.JobId)
    assert (found.Status, found.outcome, found.DisplayName) == ("Succeeded", "Succeeded", name)
    assert found.StatusHistory[0].Status == "Creating"
    assert found.GmtCreateTime <= found.GmtRunningTime <= found.GmtFinishTime
    assert [pod.Type for pod in found.Pods] == ["master", "worker"]
    for pod in found.Pods:
        logs = dlc.get_pod_logs(found, pod.PodId)
        assert [line.rpartition(" ")[2] for line in logs.Logs] == ["hello", "trouble"]
        assert dlc.get_pod_events(created, pod.PodId)
    assert any(pod.PodId in event for event in dlc.get_job_events(created) for pod in found.Pods)
    assert {metrics.PodId for metrics in dlc.get_job_metrics(created, "CpuCoreUsage")} <= {
        pod.PodId for pod in found.Pods
    }
    dlc.delete_job(created)
    with pytest.raises(NotFoundError):
        dlc.get_job(created)


def test_stop_and_update(dlc):
    created = dlc.create_job(job("sleep 60"))
    wait_until(lambda: dlc.get_job(created).Status == "Running")
    dlc.update_job(created, description="for a while", accessibility="PUBLIC", priority=3)
    assert dlc.get_job(created)["Description"] == "for a while"
    with pytest.raises(InvalidRequestError):
        dlc.delete_job(created)
    dlc.stop_job(created)
    assert ended(dlc, created.JobId).outcome == "Stopped"
    with pytest.raises(StateConflictError):
        dlc.stop_job(created)


def test_list_pages_and_filters(dlc):
    name, before = named(), dlc.now() - timedelta(seconds=5)
    ids = [dlc.create_job(job(DisplayName=f"{name}-{n}", Settings={"Tags": {"n": str(n)}})).JobId for n in range(5)]
    assert [found.JobId for found in dlc.list_jobs(display_name=name, page_size=2)] == ids[::-1]
    assert {found.JobId for found in dlc.list_jobs(ids[1:3])} == set(ids[1:3])
    assert [found.JobId for found in dlc.list_jobs(display_name=name, tags={"n": "3"})] == [ids[3]]
    assert list(dlc.list_jobs(display_name=name, end_time=before)) == []
    listed = dlc.list_jobs(display_name=name, start_time=before, sort_by="GmtCreateTime", order="asc", show_own=True)
    assert [found.JobId for found in listed] == ids
    assert list(dlc.list_jobs([])) == []
    wait_until(lambda: len(list(dlc.list_jobs(display_name=name, status="Succeeded"))) == 5)


def test_more_ids_than_one_request_takes(dlc):
    ids = [dlc.create_job(job("exit 0")).JobId for _ in range(3)]
    asked = [f"dlc{n:013d}" for n in range(250)]
    assert {found.JobId for found in dlc.list_jobs([*asked[:150], *ids, *asked[150:]])} == set(ids)


def test_ecs_specs(dlc):
    specs = list(dlc.list_ecs_specs(page_size=3))
    assert len({spec.InstanceType for spec in specs}) == len(specs) > 3
    assert all(spec.Cpu for spec in specs)
    gpus = list(dlc.list_ecs_specs(accelerator_type="GPU"))
    assert gpus
    assert all(spec.Gpu for spec in gpus)
    assert [spec.InstanceType for spec in dlc.list_ecs_specs(instance_types=[specs[0].InstanceType])] == [
        specs[0].InstanceType
    ]


def test_errors(dlc, service):
    with pytest.raises(InvalidRequestError, match="PodCount"):
        dlc.create_job(job(pods=0))
    with pytest.raises(NotFoundError):
        dlc.get_job("dlc0000000000000")
    with pytest.raises(AccessDeniedError, match="secret is wrong"):
        Client(service.url, "local", "wrong").get_job("dlc0000000000000")
    with pytest.raises(TypeError, match="did you mean display_name"):
        next(dlc.list_jobs(displayname="x"))
    with pytest.raises(TypeError, match="time zone"):
        next(dlc.list_jobs(start_time=datetime(2026, 1, 1)))
    with pytest.raises(TypeError, match="job id"):
        dlc.get_job("")


def test_a_request_that_is_throttled_is_repeated_when_asked_to(dlc, faults):
    faults({"operation": "dlc.ListEcsSpecs", "kind": "throttle", "times": 2, "seconds": 0.1})
    begin = datetime.now(timezone.utc)
    assert list(dlc.list_ecs_specs())
    assert 0.2 <= (datetime.now(timezone.utc) - begin).total_seconds() < 5
    faults({"operation": "dlc.ListEcsSpecs", "kind": "throttle", "seconds": 0})
    with pytest.raises(ThrottledError):
        list(dlc.list_ecs_specs())


def test_the_endpoint_of_a_region():
    assert Client("cn-shanghai", "id", "secret").endpoint == "https://pai-dlc.cn-shanghai.aliyuncs.com"


# Submitting once


def jobs_named(client: Client, name: str) -> list[Job]:
    return list(client.list_jobs(display_name=name))


@pytest.mark.parametrize("kind", ["drop-after", "drop-before", "error-500", "garbage"])
def test_a_lost_answer_makes_no_second_job(dlc, faults, kind):
    name = named()
    faults({"operation": "dlc.CreateJob", "kind": kind, "times": 2})
    job_id = submit(dlc, job(DisplayName=name), {**OWNER, "name": name}, resume=False)
    assert [found.JobId for found in jobs_named(dlc, name)] == [job_id]


def test_an_answer_that_never_comes_is_an_error(dlc, faults):
    faults({"operation": "dlc.CreateJob", "kind": "drop-before"})
    with pytest.raises(NoAnswerError):
        submit(dlc, job(), {**OWNER, "name": named()}, resume=False)


def test_submitting_again_finds_the_job(dlc):
    name = named()
    owner, description = {**OWNER, "name": name}, job("sleep 60", DisplayName=name)
    first = submit(dlc, description, owner, resume=False)
    assert submit(dlc, description, owner, resume=True) == first
    assert submit(dlc, description, owner, resume=False) == first
    found = dlc.get_job(first)
    assert found.DisplayName.startswith(f"{name}-")
    assert TAG in found.Settings.Tags
    for item in jobs_named(dlc, name):
        dlc.stop_job(item)


def test_another_generation_stops_what_the_one_before_has_submitted(dlc):
    owner, description = {**OWNER, "name": named()}, job("sleep 60")
    other = submit(dlc, description, {**OWNER, "name": named()}, resume=False)
    first = submit(dlc, description, {**owner, "generation": 0}, resume=False)
    second = submit(dlc, description, {**owner, "generation": 1}, resume=False)
    assert second != first
    assert ended(dlc, first).outcome == "Stopped"
    # A worker that died in between changes nothing.
    assert submit(dlc, description, {**owner, "generation": 1}, resume=True) == second
    for job_id in (other, second):
        assert not dlc.get_job(job_id).is_terminal
        dlc.stop_job(job_id)


@pytest.mark.parametrize("change", [{"generation": 1}, {}], ids=["another generation", "another description"])
def test_a_job_of_before_that_cannot_be_stopped_now_is_stopped_by_a_further_try(dlc, faults, change):
    owner = {**OWNER, "name": named(), "generation": 0}
    first = submit(dlc, job("sleep 60"), owner, resume=False)
    faults({"operation": "dlc.StopJob", "kind": "error-500"})
    for _ in range(2):
        with pytest.raises(ServerError):
            submit(dlc, job("sleep 0"), {**owner, **change}, resume=True)
    faults()
    second = submit(dlc, job("sleep 0"), {**owner, **change}, resume=True)
    assert ended(dlc, first).outcome == "Stopped"
    assert ended(dlc, second).outcome == "Succeeded"


def test_a_retry_submits_anew_what_failed_and_takes_what_succeeded(dlc):
    owner, description = {**OWNER, "name": named()}, job("exit 3")
    first = submit(dlc, description, owner, resume=False)
    ended(dlc, first)
    second = submit(dlc, description, owner, resume=True)
    assert second != first
    ended(dlc, second)
    assert len({first, second, submit(dlc, description, owner, resume=True)}) == 3
    good = {**OWNER, "name": named()}
    done = submit(dlc, job(), good, resume=False)
    ended(dlc, done)
    assert submit(dlc, job(), good, resume=True) == done


def test_a_retry_with_another_description_stops_the_job_of_before(dlc):
    owner = {**OWNER, "name": named()}
    first = submit(dlc, job("sleep 60"), owner, resume=False)
    second = submit(dlc, job("sleep 0"), owner, resume=True)
    assert second != first
    assert ended(dlc, first).outcome == "Stopped"
    assert ended(dlc, second).outcome == "Succeeded"


def test_a_long_name_keeps_its_token(dlc):
    owner, description = {**OWNER, "name": named()}, job(DisplayName="x" * 256)
    first = submit(dlc, description, owner, resume=False)
    assert len(dlc.get_job(first).DisplayName) == 256
    assert submit(dlc, description, owner, resume=True) == first


# Saying why


def test_a_failure_names_pod_and_last_lines(dlc):
    command = 'if [ "$RANK" = 1 ]; then seq 1 30; echo out of cheese >&2; exit 3; else sleep 60; fi'
    found = ended(dlc, dlc.create_job(job(command, pods=2)).JobId)
    text = str(explain_failure(dlc, found.JobId, "Failed"))
    assert f"Pod {found.JobId}-worker-0 failed" in text
    assert "exit code 3" in text
    assert text.endswith("out of cheese")
    assert " 12\n" in text
    assert " 11\n" not in text
    assert "master-0 failed" not in text


def test_a_failure_of_an_unreachable_service_is_said_all_the_same():
    client = Client("http://127.0.0.1:9", "local", ACCESS_KEY_SECRET, retry=RetryPolicy(attempts=1))
    assert str(explain_failure(client, "dlc1", "Failed")).startswith("Job dlc1 is Failed\n(the job could not be")


def test_the_end_of_a_long_log(dlc):
    found = ended(dlc, dlc.create_job(job("seq -f 'number %g' 1 3000; sleep 2; exit 1")).JobId)
    text = str(explain_failure(dlc, found.JobId, "Failed"))
    assert [int(line.rpartition(" ")[2]) for line in text.splitlines() if "number" in line] == list(range(2981, 3001))


def test_a_job_created_twice_is_stopped_once(dlc):
    owner, description = {**OWNER, "name": named()}, job("sleep 60")
    first = submit(dlc, description, owner, resume=False)
    # As if the service had listed the first one too late.
    second = dlc.create_job({**description, "DisplayName": dlc.get_job(first).DisplayName}).JobId
    assert submit(dlc, description, owner, resume=True) == first
    assert ended(dlc, second).outcome == "Stopped"
    dlc.stop_job(first)


def test_an_unknown_status_is_waited_for_until_it_has_an_end():
    assert Job(JobId="dlc1", Status="Dequeued").outcome is None
    assert "unknown to this version" in Job(JobId="dlc1", Status="Dequeued").progress
    gone = Job(JobId="dlc1", Status="Deleted", GmtFinishTime="2026-01-02T03:04:05Z")
    assert (gone.outcome, gone.is_unsuccessful) == ("Deleted", True)


def test_an_answer_shows_no_secrets():
    found = Job(JobId="dlc1", Status="Running", Envs={"A": "hidden"}, CustomEnvs=[{"Value": "hidden"}], New="hidden")
    assert "hidden" not in repr(found)
    assert found["New"] == "hidden"
