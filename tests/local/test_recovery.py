"""Restarts of the service: no instance is lost or runs twice."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from .service import Service, job, task, wait_until
from .test_running import detached_sleepers, processes_with, wait_for_sleepers


def test_killed_in_the_middle_of_fifty_instances(start_service: Callable[..., Service], tmp_path: Path) -> None:
    service = start_service("--max-instances", "6")
    log, out = tmp_path / "effects", "/home/recovery-out"
    script = (
        f"mkdir -p {out}; sleep 0.3; echo $BATCH_COMPUTE_DAG_INSTANCE_ID >> {log};"
        f" echo done > {out}/$BATCH_COMPUTE_DAG_INSTANCE_ID"
    )
    description = job({"t": task(f"sh -c '{script}'", 50, OutputMapping={f"{out}/": "oss://b/out/"})})
    job_id = service.create(description)
    for finished in (5, 20, 35):
        wait_until(lambda count=finished: log.exists() and len(log.read_text().split()) >= count)  # type: ignore[misc]
        service.end(signal.SIGKILL)
        if finished == 20:
            time.sleep(1)  # the running instances end while no service runs
        service.start()
    done = service.wait(job_id, 60)
    assert done["State"] == "Finished"
    assert done["InstanceMetrics"]["FinishedCount"] == 50
    assert sorted(map(int, log.read_text().split())) == list(range(50))
    assert sorted(map(int, service.objects("b/out"))) == list(range(50))
    assert all(item["RetryCount"] == 0 for item in service.get(f"/jobs/{job_id}/tasks/t/instances")["Items"])


def test_running_instances_are_adopted(start_service: Callable[..., Service], tmp_path: Path) -> None:
    service = start_service()
    marker = f"adopt-{tmp_path.name}-{os.getpid()}"
    job_id = service.create(job({"t": detached_sleepers(marker)}))
    before = wait_for_sleepers(service, job_id, marker)
    service.end(signal.SIGKILL)
    service.start()
    assert service.state(job_id) == "Running"
    assert sorted(processes_with(marker)) == before
    service.call("POST", f"/jobs/{job_id}/stop")
    wait_until(lambda: not processes_with(marker), 5)


def test_shim_found_dead_runs_again_uncounted(start_service: Callable[..., Service], tmp_path: Path) -> None:
    service = start_service()
    flag = tmp_path / "flag"
    job_id = service.create(job(f"sh -c 'test -e {flag} || (touch {flag}; sleep 600)'"))
    wait_until(flag.exists)
    [pid_file] = (service.data_dir / "instances" / job_id).glob("*/*/*/shim.pid")
    service.end(signal.SIGKILL)
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    service.start()
    assert service.wait(job_id)["State"] == "Finished"
    assert service.instance(job_id)["RetryCount"] == 0


def test_failure_while_the_service_was_down_ends_the_job(start_service: Callable[..., Service], tmp_path: Path) -> None:
    service = start_service()
    marker = f"down-{tmp_path.name}-{os.getpid()}"
    gate = tmp_path / "gate"
    failing = f"sh -c 'while ! test -e {gate}; do sleep 0.05; done; exit 7'"
    job_id = service.create(job({"a": task(failing, 2), "t": detached_sleepers(marker)}))
    wait_until(lambda: service.get(f"/jobs/{job_id}")["InstanceMetrics"]["RunningCount"] == 3)
    wait_for_sleepers(service, job_id, marker)
    service.end(signal.SIGKILL)
    gate.touch()
    wait_until(lambda: len(list((service.data_dir / "instances").glob("*/*/*/*/result.json"))) == 2)
    service.start()
    done = service.wait(job_id)
    assert done["State"] == "Failed"
    assert "exit code 7" in done["Message"]
    metrics = done["InstanceMetrics"]
    assert (metrics["FailedCount"], metrics["StoppedCount"]) == (1, 2)
    wait_until(lambda: not processes_with(marker), 5)


def test_attempt_recorded_but_never_started_runs(start_service: Callable[..., Service]) -> None:
    import sqlite3

    service = start_service("--max-instances", "1")
    blocker = service.create(job("sleep 600"))
    wait_until(lambda: service.state(blocker) == "Running")
    job_id = service.create(job("true"))
    service.end(signal.SIGKILL)
    # The state just before the start of the process.
    with sqlite3.connect(service.data_dir / "state.sqlite") as database:
        database.execute(
            "UPDATE instances SET state = 'Running', attempt = 1 WHERE job = (SELECT number FROM jobs WHERE id = ?)",
            (job_id,),
        )
        database.execute("UPDATE jobs SET state = 'Running' WHERE id = ?", (job_id,))
    database.close()
    service.start()
    service.call("POST", f"/jobs/{blocker}/stop")
    assert service.wait(job_id)["State"] == "Finished"


def test_sigterm_leaves_no_process_and_runs_again(start_service: Callable[..., Service], tmp_path: Path) -> None:
    service = start_service()
    marker = f"term-{tmp_path.name}-{os.getpid()}"
    job_id = service.create(job({"t": detached_sleepers(marker), "u": task("true")}))
    wait_for_sleepers(service, job_id, marker)
    wait_until(lambda: service.instance(job_id, "u")["State"] == "Finished")
    for number in (signal.SIGTERM, signal.SIGINT):
        begin = time.monotonic()
        assert service.end(number) == 0
        assert time.monotonic() - begin < 5
        assert not processes_with(marker)
        assert not processes_with(str(service.data_dir))
        service.start()
        wait_for_sleepers(service, job_id, marker)
    assert service.instance(job_id)["RetryCount"] == 0
    assert service.state(job_id) == "Running"


def test_everything_else_survives_too(start_service: Callable[..., Service]) -> None:
    service = start_service()
    finished, token_job = service.create(job("true")), service.create(job("true", Name="x"), token="t")
    failed = service.create(job("false"))
    before = [service.wait(job_id) for job_id in (finished, token_job, failed)]
    service.end(signal.SIGKILL)
    service.start()
    assert [service.get(f"/jobs/{item['Id']}") for item in before] == before
    assert service.create(job("true", Name="x"), token="t") == token_job
    assert service.instance(failed)["Result"]["ExitCode"] == 1
