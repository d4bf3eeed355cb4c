"""Restarts of the service: no pod is lost or runs twice, and no log line is missing."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from tests.local.service import wait_until
from tests.local.test_running import processes_with

from .dlc_service import DlcService, dlc_job, statuses


def test_killed_in_the_middle_of_a_job(start_dlc: Callable[..., DlcService], tmp_path: Path) -> None:
    service = start_dlc()
    effects, gate = tmp_path / "effects", tmp_path / "gate"
    script = (
        f"echo start $RANK >> {effects}; i=0\n"
        f"until test -e {gate}; do echo line $i; i=$((i + 1)); sleep 0.01; done\n"
        "echo total $i"
    )
    job_id = service.create(dlc_job(script, 2))
    wait_until(lambda: service.status(job_id) == "Running" and len(service.texts(job_id, "worker-0")) > 20)
    before = service.get_job(job_id)
    for pause in (0.0, 0.5):
        service.end(signal.SIGKILL)
        time.sleep(pause)
        service.start()
    gate.touch()
    done = service.wait_for(job_id, "Succeeded")
    assert sorted(effects.read_text().splitlines()) == ["start 0", "start 1"]
    for pod in ("master-0", "worker-0"):
        *lines, total = service.texts(job_id, pod, max_lines=100_000)
        assert lines == [f"line {number}" for number in range(int(total.removeprefix("total ")))]
    assert [pod["PodUid"] for pod in done["Pods"]] == [pod["PodUid"] for pod in before["Pods"]]
    assert statuses(done) == ["Creating", "Queuing", "EnvPreparing", "Running", "Succeeded"]
    assert done["RestartTimes"] == "0/10"


def test_ended_while_there_was_no_service(start_dlc: Callable[..., DlcService], tmp_path: Path) -> None:
    service = start_dlc()
    gate, marker = tmp_path / "gate", f"gone-{os.getpid()}-{tmp_path.name}"
    script = f"test $RANK = 1 && exec python -c 'import time; time.sleep(600) # {marker}'\n" + (
        f"until test -e {gate}; do sleep 0.02; done; exit 3"
    )
    job_id = service.create(dlc_job(script, 2))
    wait_until(lambda: service.status(job_id) == "Running" and bool(processes_with(marker)))
    service.end(signal.SIGKILL)
    gate.touch()
    wait_until(lambda: any(service.data_dir.glob("pods/*/*/*/result.json")))
    service.start()
    done = service.wait_for(job_id, "Failed")
    assert "exit code 3" in done["ReasonMessage"]
    assert [pod["Status"] for pod in done["Pods"]] == ["Failed", "Stopped"]
    assert not processes_with(marker)


def test_stop_goes_on_after_a_kill(start_dlc: Callable[..., DlcService], tmp_path: Path) -> None:
    service = start_dlc()
    marker = f"stop-{os.getpid()}-{tmp_path.name}"
    script = f"trap '' TERM; echo ready; exec python -c 'import time; time.sleep(600) # {marker}'"
    job_id = service.create(dlc_job(script, Settings={"TerminationGracePeriodSeconds": 2}))
    wait_until(lambda: service.status(job_id) == "Running" and bool(processes_with(marker)))
    service.client.stop_job(job_id)
    assert service.status(job_id) == "Stopping"
    service.end(signal.SIGKILL)
    service.start()
    service.wait_for(job_id, "Stopped")
    assert not processes_with(marker)


def test_a_pod_found_dead_runs_again_uncounted(start_dlc: Callable[..., DlcService], tmp_path: Path) -> None:
    service = start_dlc()
    flag = tmp_path / "flag"
    job_id = service.create(dlc_job(f"test -e {flag} || {{ touch {flag}; sleep 600; }}"))
    wait_until(lambda: flag.exists() and service.status(job_id) == "Running")
    [pid_file] = service.data_dir.glob("pods/*/*/*/shim.pid")
    service.end(signal.SIGKILL)
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    service.start()
    done = service.wait_for(job_id, "Succeeded")
    assert done["RestartTimes"] == "0/10"
    assert len(done["Pods"][0]["HistoryPods"]) == 1


def test_a_pod_that_is_killed_fails(start_dlc: Callable[..., DlcService]) -> None:
    service = start_dlc()
    job_id = service.create(dlc_job("echo ready; sleep 600"))
    wait_until(lambda: service.status(job_id) == "Running" and bool(service.texts(job_id)))
    [pid_file] = service.data_dir.glob("pods/*/*/*/shim.pid")
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    assert "was killed" in service.wait_for(job_id, "Failed")["ReasonMessage"]


def test_recorded_as_started_but_never_started(start_dlc: Callable[..., DlcService]) -> None:
    service = start_dlc("--max-pods", "1")
    blocker = service.create(dlc_job("sleep 600"))
    service.wait_for(blocker, "Running")
    job_id = service.create(dlc_job("echo $MASTER_PORT"))
    wait_until(lambda: service.status(job_id) == "Queuing")
    service.end(signal.SIGKILL)
    # The state just before the start of the process.
    with sqlite3.connect(service.data_dir / "state.sqlite") as database:
        database.execute(
            "UPDATE dlc_jobs SET status = 'EnvPreparing', ports = '[23999]' WHERE id = ?",
            (job_id,),
        )
        database.execute(
            "INSERT INTO dlc_pods SELECT number, 0, 1, id || '-master-0', 'uid', 'master', 'Running', created, created,"
            " NULL FROM dlc_jobs WHERE id = ?",
            (job_id,),
        )
    database.close()
    service.start()
    service.wait_for(job_id, "Succeeded")
    assert service.texts(job_id) == ["23999"]


def test_sigterm_ends_pods_and_they_run_again(start_dlc: Callable[..., DlcService], tmp_path: Path) -> None:
    service = start_dlc()
    effects, marker = tmp_path / "effects", f"term-{os.getpid()}-{tmp_path.name}"
    script = (
        f"echo $RANK >> {effects}; test $RANK = 1 && exit\n"
        f"test $(grep -c 0 {effects}) = 2 || exec python -c 'import time; time.sleep(600) # {marker}'"
    )
    job_id = service.create(dlc_job(script, 2))
    wait_until(lambda: bool(processes_with(marker)))
    wait_until(lambda: [pod["Status"] for pod in service.get_job(job_id)["Pods"]] == ["Running", "Succeeded"])
    begin = time.monotonic()
    assert service.end() == 0
    assert time.monotonic() - begin < 5
    assert not processes_with(marker)
    service.start()
    done = service.wait_for(job_id, "Succeeded")
    # Pods that have succeeded do not run again.
    assert sorted(effects.read_text().split()) == ["0", "0", "1"]
    assert statuses(done)[3:] == ["Running", "Queuing", "EnvPreparing", "Running", "Succeeded"]
    events = service.answer("GET", f"/api/v1/jobs/{job_id}/events")["Events"]
    assert any("service was shut down" in line for line in events)
    assert done["RestartTimes"] == "0/10"


def test_everything_else_survives_too(start_dlc: Callable[..., DlcService]) -> None:
    service = start_dlc()
    jobs = [service.run_job(dlc_job("echo text")), service.run_job(dlc_job("exit 1"), "Failed")]
    deleted = service.run_job(dlc_job("true"))["JobId"]
    service.client.delete_job(deleted)
    service.end(signal.SIGKILL)
    service.start()
    for job in jobs:
        after = service.get_job(job["JobId"])
        assert json.dumps({**after, "RequestId": ""}) == json.dumps({**job, "RequestId": ""})
    assert service.texts(jobs[0]["JobId"]) == ["text"]
    assert service.send("GET", f"/api/v1/jobs/{deleted}").status_code == 404
    wait_until(lambda: not (service.data_dir / "pods" / deleted).exists())
