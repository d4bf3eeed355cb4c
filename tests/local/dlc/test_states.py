"""Transitions of jobs and pods."""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_bcs.dlc.rules import validate_job
from tests.local.service import wait_until

from .dlc_service import ENDED, DlcService, dlc_job, role, statuses


def ends(job: dict[str, Any]) -> dict[str, str]:
    """Return the status of each pod by the suffix of its PodId."""
    return {pod["PodId"].removeprefix(job["JobId"] + "-"): pod["Status"] for pod in job["Pods"]}


def tf_job(*specs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"DisplayName": "tf", "JobType": "TFJob", "JobSpecs": list(specs), "UserCommand": "sleep 600", **fields}


def test_one_pod_that_fails_ends_the_others(dlc: DlcService) -> None:
    job = {**dlc_job(""), "JobSpecs": [role("Master", "sleep 600"), role("Worker", "exit 7")]}
    del job["UserCommand"]
    done = dlc.run_job(job, "Failed")
    assert ends(done) == {"master-0": "Stopped", "worker-0": "Failed"}
    assert (done["ReasonCode"], done["GmtFailedTime"]) == ("JobFailed", done["GmtFinishTime"])
    assert "worker-0 failed: exit code 7" in done["ReasonMessage"]


def test_an_answer_can_be_submitted_again(dlc: DlcService) -> None:
    sources = [{"Uri": "nas://fs.cn-x/", "MountPath": "/mnt/nas"}, {"DataSourceId": "d-1", "MountPath": "/mnt/data"}]
    network = {"VpcId": "vpc-1", "SwitchId": "vsw-1", "SecurityGroupId": "sg-1"}
    done = dlc.run_job(dlc_job("true", DataSources=sources, UserVpc=network), "Succeeded")
    # The service fills in what was not given.
    done |= {"ResourceId": "", "Settings": {"ServerManagedSetting": {"x": "y"}}, "CodeSource": {}, "Priority": 0}
    done["JobSpecs"][0] |= {"ResourceConfig": {}, "SpotSpec": {}, "ElasticSpotSpecs": []}
    done["DataSources"][1]["Uri"] = "oss://bucket.oss-cn-x.aliyuncs.com/data/"
    assert validate_job(done, templates=False) == []
    again = dlc.create(done)
    assert dlc.wait_for(again, "Succeeded")["DisplayName"] == done["DisplayName"]


def test_stop_lets_processes_end_themselves(dlc: DlcService) -> None:
    command = 'trap "echo got TERM; sleep 0.2; echo done; exit 0" TERM; echo ready; while :; do sleep 0.05; done'
    job_id = dlc.create(dlc_job(command))
    wait_until(lambda: dlc.status(job_id) == "Running" and dlc.texts(job_id) == ["ready"])
    dlc.client.stop_job(job_id)
    assert dlc.status(job_id) in ("Stopping", "Stopped")
    done = dlc.wait_for(job_id, "Stopped")
    assert [text for text in dlc.texts(job_id) if text != "Terminated"] == ["ready", "got TERM", "done"]
    assert statuses(done) == ["Creating", "Queuing", "EnvPreparing", "Running", "Stopping", "Stopped"]
    assert (done["ReasonCode"], done["GmtStoppedTime"]) == ("JobStoppedByUser", done["GmtFinishTime"])
    assert ends(done) == {"master-0": "Stopped"}


def test_stop_reaches_processes_that_are_just_being_started(dlc: DlcService) -> None:
    job_id = dlc.create(dlc_job("echo begin; i=0; while test $i -lt 1000; do sleep 600 & i=$((i + 1)); done; wait"))
    wait_until(lambda: dlc.status(job_id) == "Running" and dlc.texts(job_id) == ["begin"])
    dlc.client.stop_job(job_id)
    # The job ends long before the grace period of 30 s.
    dlc.wait_for(job_id, "Stopped", timeout=20)


def test_stop_kills_after_the_grace_period(dlc: DlcService) -> None:
    job = dlc_job(
        'trap "" TERM; echo ready; while :; do sleep 0.05; done', Settings={"TerminationGracePeriodSeconds": 1}
    )
    job_id = dlc.create(job)
    wait_until(lambda: dlc.status(job_id) == "Running" and dlc.texts(job_id) == ["ready"])
    begin = time.monotonic()
    dlc.client.stop_job(job_id)
    # A second StopJob changes nothing.
    assert dlc.client.stop_job(job_id).body.job_id == job_id
    assert dlc.status(job_id) == "Stopping"
    dlc.wait_for(job_id, "Stopped")
    assert 0.9 < time.monotonic() - begin < 5


def test_gangs_queue_by_priority_and_age(start_dlc: Callable[..., DlcService], tmp_path: Path) -> None:
    service = start_dlc("--max-pods", "2")
    gate, order = tmp_path / "gate", tmp_path / "order"
    wait = f"while ! test -e {gate}; do sleep 0.02; done"
    first = service.create(dlc_job(wait))
    service.wait_for(first, "Running")
    jobs = {
        name: service.create(dlc_job(f"echo {name} >> {order}", pods, Priority=priority, RestartPolicy="Never"))
        for name, pods, priority in [("old", 2, 1), ("big", 5, 5), ("urgent", 2, 9), ("last", 1, 1)]
    }
    service.answer("PUT", f"/api/v1/jobs/{jobs['old']}", body={"Priority": 4})
    wait_until(lambda: all(service.status(job_id) == "Queuing" for job_id in jobs.values()))
    queued = service.get_job(jobs["urgent"])
    assert (queued["Pods"], queued["ReasonCode"]) == ([], "JobEnqueue")
    assert [item["Queuing"] for item in queued["JobReplicaStatuses"]] == [1, 1]
    stopped = service.create(dlc_job("true"))
    wait_until(lambda: service.status(stopped) == "Queuing")
    service.client.stop_job(stopped)
    assert statuses(service.get_job(stopped)) == ["Creating", "Queuing", "Stopped"]
    gate.touch()
    for job_id in jobs.values():
        service.wait_for(job_id, "Succeeded")
    assert order.read_text().split() == ["urgent"] * 2 + ["big"] * 5 + ["old"] * 2 + ["last"]
    times = [service.get_job(job_id)["GmtRunningTime"] for job_id in jobs.values()]
    assert all(times)


@pytest.mark.parametrize(
    ("policy", "exit_code", "runs"),
    [("Never", 1, 1), ("OnFailure", 1, 3), ("Always", 1, 3), ("ExitCode", 1, 1), ("ExitCode", 130, 3)],
)
def test_restart_policies(dlc: DlcService, tmp_path: Path, policy: str, exit_code: int, runs: int) -> None:
    count = tmp_path / "count"
    script = f"echo run >> {count}\ntest $(wc -l < {count}) -lt 3 && exit {exit_code}\ntrue"
    done = dlc.run_job(dlc_job(script, RestartPolicy=policy), "Succeeded" if runs == 3 else "Failed")
    assert count.read_text().split() == ["run"] * runs
    [pod] = done["Pods"]
    assert [earlier["Status"] for earlier in pod["HistoryPods"]] == ["Failed"] * (runs - 1)
    assert len({pod["PodUid"], *(earlier["PodUid"] for earlier in pod["HistoryPods"])}) == runs
    assert done["RestartTimes"] == f"{runs - 1}/10"
    assert statuses(done)[3:-1] == ["Running", "Restarting"] * (runs - 1) + ["Running"]


def test_at_most_ten_restarts(dlc: DlcService) -> None:
    done = dlc.run_job(dlc_job("echo once; exit 1", RestartPolicy="Always"), "Failed")
    assert done["RestartTimes"] == "10/10"
    [pod] = done["Pods"]
    uids = [earlier["PodUid"] for earlier in pod["HistoryPods"]] + [pod["PodUid"]]
    assert len(set(uids)) == 11
    assert [dlc.texts(done["JobId"], pod_uid=uid) for uid in uids] == [["once"]] * 11


@pytest.mark.parametrize(
    ("specs", "policy", "expected"),
    [
        (
            [role("Chief", "true"), role("Worker"), role("PS")],
            "ChiefWorker",
            {"chief-0": "Succeeded", "worker-0": "Stopped", "ps-0": "Stopped"},
        ),
        (
            [role("Worker", "test $(hostname | tail -c 2) = 0 || sleep 600", 2)],
            "ChiefWorker",
            {"worker-0": "Succeeded", "worker-1": "Stopped"},
        ),
        (
            [role("Worker"), role("Evaluator", "true", IsChief=True)],
            "ChiefWorker",
            {"worker-0": "Stopped", "evaluator-0": "Succeeded"},
        ),
        (
            [role("Chief", "sleep 0.1"), role("Worker", "true"), role("PS"), role("Evaluator")],
            "AllWorkers",
            {"chief-0": "Succeeded", "worker-0": "Succeeded", "ps-0": "Stopped", "evaluator-0": "Stopped"},
        ),
        (
            [role("Worker"), role("PS", "true", ConsiderInSuccessPolicy=True)],
            "Partial",
            {"worker-0": "Stopped", "ps-0": "Succeeded"},
        ),
        ([role("Worker", "true"), role("PS")], None, {"worker-0": "Succeeded", "ps-0": "Stopped"}),
    ],
)
def test_success_policies(
    dlc: DlcService, specs: list[dict[str, Any]], policy: str | None, expected: dict[str, str]
) -> None:
    done = dlc.run_job(tf_job(*specs, **({"SuccessPolicy": policy} if policy else {})))
    assert ends(done) == expected
    assert done["ReasonMessage"] == f"TFJob {done['JobId']} successfully completed."


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Service on which a minute takes 0.1 s, and jobs that exceed their time limit fail."""
    service = DlcService(
        tmp_path_factory.mktemp("fast") / "data", "--clock-rate", "600", "--time-limit-status", "Failed"
    )
    yield service
    assert service.end() == 0


def seconds(text: str) -> int:
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def test_time_limit(fast: DlcService, start_dlc: Callable[..., DlcService]) -> None:
    default = start_dlc("--clock-rate", "600")
    for service, status in ((fast, "Failed"), (default, "Stopped")):
        done = service.run_job(dlc_job("sleep 600", JobMaxRunningTimeMinutes=3), status)
        assert done["ReasonCode"] == "JobRunTimeExceeded"
        # Three minutes, and up to half a real second.
        assert 180 <= seconds(done["GmtFinishTime"]) - seconds(done["GmtRunningTime"]) < 480
        assert done["Duration"] == seconds(done["GmtFinishTime"]) - seconds(done["GmtCreateTime"])


def test_the_clock_goes_on_after_a_restart(start_dlc: Callable[..., DlcService]) -> None:
    service = start_dlc("--clock-rate", "600")
    before = service.run_job(dlc_job("sleep 0.5; date"))["GmtFinishTime"]
    assert seconds(before) > time.time() + 200
    service.end()
    service.options = ("--clock-rate", "1")
    service.start()
    after = service.run_job(dlc_job("sleep 0.1"))
    assert seconds(before) <= seconds(after["GmtCreateTime"])
    assert after["Duration"] < 10
    assert service.list_jobs() == [after["JobId"], *service.list_jobs()[1:]]


@pytest.mark.parametrize(
    ("policy", "command", "reserved"),
    [
        ("Always", "true", "SucceededReserving"),
        ("OnSucceed", "exit 1", None),
        ("OnFailure", "exit 1", "FailedReserving"),
        ("OnFailure", "true", None),
    ],
)
def test_reserving(fast: DlcService, policy: str, command: str, reserved: str | None) -> None:
    settings = {"JobReservedMinutes": 3, "JobReservedPolicy": policy}
    final = "Succeeded" if command == "true" else "Failed"
    done = fast.run_job(dlc_job(command, Settings=settings), final)
    assert statuses(done)[3:] == ["Running", *([reserved] if reserved else []), final]
    if reserved:
        kept = done["StatusHistory"][-2]
        assert 180 <= seconds(kept["EndTime"]) - seconds(kept["StartTime"]) < 480
        assert ends(done) == {"master-0": final}


def test_reserving_keeps_its_room_until_it_is_stopped(start_dlc: Callable[..., DlcService]) -> None:
    service = start_dlc("--max-pods", "1")
    reserving = service.create(dlc_job("true", Settings={"JobReservedMinutes": 60}))
    service.wait_for(reserving, "SucceededReserving")
    waiting = service.create(dlc_job("true"))
    wait_until(lambda: service.status(waiting) == "Queuing")
    service.client.stop_job(reserving)
    assert service.status(reserving) == "Succeeded"
    service.wait_for(waiting, "Succeeded")


def test_unknown_pods_have_no_logs(dlc: DlcService) -> None:
    done = dlc.run_job(dlc_job("true"))
    assert done["Status"] in ENDED
    path = f"/api/v1/jobs/{done['JobId']}/pods"
    assert dlc.send("GET", f"{path}/{done['JobId']}-worker-0/logs").status_code == 404
    assert dlc.send("GET", f"{path}/{done['JobId']}-master-0/logs", {"PodUid": "other"}).status_code == 404
    assert dlc.send("GET", f"{path}/{done['JobId']}-master-0/events", {"PodUid": "other"}).status_code == 404
