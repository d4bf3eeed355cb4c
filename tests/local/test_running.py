"""Commands as processes: results, retries, failures, order of jobs, and the end of processes."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from .service import Service, job, task, wait_until


def python(code: str) -> str:
    """Return a command line that runs Python code without double quotes."""
    return f'python -c "{code}"'


@pytest.mark.parametrize(
    ("command_line", "exit_code", "error_code", "detail"),
    [
        ("true", 0, "", ""),
        ("sh -c 'echo one >&2; echo two >&2; exit 3'", 3, "CommandFailed", "one\ntwo"),
        ("sh -c 'kill -9 $$'", 137, "CommandFailed", ""),
        ("no-such-program x", 127, "CommandFailed", "no-such-program: command not found"),
        ("/etc/hostname", 126, "CommandFailed", "/etc/hostname: "),
        ("", 1, "InvalidCommandLine", "CommandLine is empty"),
        ("echo 'open", 1, "InvalidCommandLine", "No closing quotation"),
    ],
)
def test_results(service: Service, command_line: str, exit_code: int, error_code: str, detail: str) -> None:
    job_id = service.create(job(command_line))
    done = service.wait(job_id)
    instance = service.instance(job_id)
    result = instance["Result"]
    assert (result["ExitCode"], result["ErrorCode"]) == (exit_code, error_code)
    assert detail in result["Detail"]
    assert instance["State"] == done["State"] == ("Failed" if error_code else "Finished")
    assert instance["Progress"] == (0 if error_code else 100)
    if error_code:
        assert "task t" in done["Message"]
        assert "Instance 0" in done["Message"]
        assert error_code in done["Message"]


def test_no_shell_and_posix_quotes(service: Service) -> None:
    job_id = service.create(job("""echo 'a  b' "c'd" $HOME | x*y > z"""))
    service.wait(job_id)
    assert service.object(f"logs/stdout.{job_id}.t.0") == "a  b c'd $HOME | x*y > z\n"


def test_detail_is_the_end_of_stderr(service: Service) -> None:
    code = "import sys; [print('line', i, 'x' * 80, file=sys.stderr) for i in range(1000)]; sys.exit(1)"
    job_id = service.create(job(python(code)))
    service.wait(job_id)
    detail = service.instance(job_id)["Result"]["Detail"]
    assert len(detail) <= 2048
    assert len(detail.splitlines()) <= 20
    assert detail.splitlines()[-1].startswith("line 999")


def test_environment(service: Service) -> None:
    variables = {"MINE": "ä b", "USER": "other"}
    code = "import json, os; print(json.dumps([dict(os.environ), os.getcwd(), sorted(os.listdir('.'))]))"
    job_id = service.create(job({"t": task(python(code), 2, EnvVars=variables)}))
    service.wait(job_id)
    environment, directory, files = json.loads(service.object(f"logs/stdout.{job_id}.t.1"))
    environment.pop("LC_CTYPE", None)  # Python sets it when it starts in the C locale
    assert environment == {
        "BATCH_COMPUTE_DAG_JOB_ID": job_id,
        "BATCH_COMPUTE_DAG_TASK_ID": "t",
        "BATCH_COMPUTE_DAG_INSTANCE_ID": "1",
        "BATCH_COMPUTE_OSS_HOST": urlsplit(service.ready["oss"]).netloc,
        "BATCH_COMPUTE_REGION": "local",
        "BATCH_COMPUTE_CLUSTER_ID": "cls-1",
        "BATCH_COMPUTE_WORKER_ID": os.uname().nodename,
        "USER": "other",
        "HOME": environment["HOME"],
        "PWD": directory,
        "PATH": f"{os.path.dirname(sys.executable)}:/usr/local/sbin:/usr/local/bin:/sbin:/usr/sbin:/bin:/usr/bin",
        "MINE": "ä b",
    }
    assert files == []


def test_retries_overwrite_logs_and_start_afresh(service: Service, tmp_path: Path) -> None:
    count = tmp_path / "count"
    script = f"echo attempt; ls; touch left; echo x >> {count}; test $(wc -l < {count}) -ge 3"
    job_id = service.create(job({"t": task(f"sh -c '{script}'", MaxRetryCount=3)}))
    assert service.wait(job_id)["State"] == "Finished"
    assert service.instance(job_id)["RetryCount"] == 2
    assert service.object(f"logs/stdout.{job_id}.t.0") == "attempt\n"
    exhausted = service.create(job({"t": task("false", MaxRetryCount=1)}))
    assert "after 1 retries" in service.wait(exhausted)["Message"]
    assert service.instance(exhausted)["RetryCount"] == 1


def test_timeout_is_for_one_instance(service: Service) -> None:
    begin = time.monotonic()
    job_id = service.create(job({"t": task("sh -c 'echo started; sleep 60'", Timeout=1)}))
    assert service.wait(job_id)["State"] == "Failed"
    assert time.monotonic() - begin < 10
    result = service.instance(job_id)["Result"]
    assert (result["ErrorCode"], result["ErrorMessage"]) == (
        "Timeout",
        "The command ran longer than its Timeout of 1 s.",
    )
    assert service.object(f"logs/stdout.{job_id}.t.0") == "started\n"


FAIL_ONE = "sh -c 'test $BATCH_COMPUTE_DAG_INSTANCE_ID != 1'"


def states(service: Service, job_id: str) -> dict[str, str]:
    return {item["TaskName"]: item["State"] for item in service.get(f"/jobs/{job_id}/tasks")["Items"]}


@pytest.mark.parametrize(
    ("force", "command_line", "expected", "job_state"),
    [
        (False, FAIL_ONE, {"a": "Failed", "b": "Stopped", "c": "Stopped"}, "Failed"),
        (True, FAIL_ONE, {"a": "Finished", "b": "Finished", "c": "Finished"}, "Finished"),
        (True, "false", {"a": "Failed", "b": "Stopped", "c": "Finished"}, "Failed"),
    ],
)
def test_job_fail_on_instance_fail(
    service: Service, force: bool, command_line: str, expected: dict[str, str], job_state: str
) -> None:
    sleep = "sleep 1" if force else "sleep 60"
    tasks = {"a": task(command_line, 3), "b": task("true"), "c": task(sleep)}
    job_id = service.create(job(tasks, {"a": ["b"]}, JobFailOnInstanceFail=not force))
    done = service.wait(job_id)
    assert done["State"] == job_state
    assert states(service, job_id) == expected
    assert sum(done["InstanceMetrics"].values()) == 5
    assert bool(done["Message"]) == (job_state == "Failed")
    if job_state == "Failed":
        assert "task a" in done["Message"]


def test_diamond(service: Service, tmp_path: Path) -> None:
    log = tmp_path / "order"
    tasks = {name: task(f"sh -c 'echo {name} >> {log}'") for name in ("d", "c", "b", "a")}
    job_id = service.create(job(tasks, {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}))
    assert service.wait(job_id)["State"] == "Finished"
    order = log.read_text().split()
    assert (order[0], order[-1], sorted(order)) == ("a", "d", ["a", "b", "c", "d"])


def test_restart_runs_only_what_has_not_finished(service: Service, tmp_path: Path) -> None:
    log, flag = tmp_path / "runs", tmp_path / "flag"
    first = f"sh -c 'echo a$BATCH_COMPUTE_DAG_INSTANCE_ID >> {log}'"
    second = (
        f"sh -c 'echo b$BATCH_COMPUTE_DAG_INSTANCE_ID >> {log}; test $BATCH_COMPUTE_DAG_INSTANCE_ID = 0 -o -e {flag}'"
    )
    tasks = {"a": task(first, 2), "b": task(second, 2, MaxRetryCount=1)}
    job_id = service.create(job(tasks, {"a": ["b"]}))
    assert service.wait(job_id)["State"] == "Failed"
    flag.touch()
    assert service.call("POST", f"/jobs/{job_id}/start").status_code == 201
    done = service.wait(job_id)
    assert (done["State"], done["Message"]) == ("Finished", "")
    runs = log.read_text().split()
    assert [runs.count(name) for name in ("a0", "a1", "b1")] == [1, 1, 3]
    assert service.instance(job_id, "b", 1)["RetryCount"] == 0


def test_auto_release_deletes_what_finished_only(service: Service) -> None:
    finished = service.create(job("true", AutoRelease=True))
    wait_until(lambda: service.call("GET", f"/jobs/{finished}").status_code == 404)
    wait_until(lambda: not (service.data_dir / "instances" / finished).exists())
    failed = service.create(job("false", AutoRelease=True))
    assert service.wait(failed)["State"] == "Failed"
    assert service.call("GET", f"/jobs/{failed}").status_code == 200


def test_priority_then_age(start_service: Callable[..., Service], tmp_path: Path) -> None:
    service = start_service("--max-instances", "1")
    blocker = service.create(job("sleep 60"))
    wait_until(lambda: service.state(blocker) == "Running")
    log = tmp_path / "order"
    priorities = [1, 5, 5, 1000, 0]
    ids = [service.create(job(f"sh -c 'echo {i} >> {log}'", Priority=p)) for i, p in enumerate(priorities)]
    service.call("POST", f"/jobs/{blocker}/stop")
    for job_id in ids:
        service.wait(job_id)
    assert log.read_text().split() == ["3", "1", "2", "0", "4"]


def test_max_instances(start_service: Callable[..., Service]) -> None:
    service = start_service("--max-instances", "3")
    job_id = service.create(job({"t": task("sleep 60", 5)}))
    wait_until(lambda: service.get(f"/jobs/{job_id}")["InstanceMetrics"]["RunningCount"] == 3)
    assert service.get(f"/jobs/{job_id}")["InstanceMetrics"]["WaitingCount"] == 2


def processes_with(marker: str) -> list[int]:
    """Return the ids of processes whose command line contains ``marker``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def detached_sleepers(marker: str) -> dict[str, Any]:
    """Return a task whose command starts itself twice in new sessions; all three processes sleep."""
    sleep = f"echo up; sleep 600; : {marker}"
    inner = f'setsid sh -c \\"{sleep}\\" & {sleep}'
    return task(f"sh -c 'setsid sh -c \"{inner}\" & {sleep}'")


def wait_for_sleepers(service: Service, job_id: str, marker: str) -> list[int]:
    """Wait until all three processes of :func:`detached_sleepers` sleep; return their ids."""
    log = service.data_dir / f"oss/logs/stdout.{job_id}.t.0"
    wait_until(lambda: log.exists() and log.read_text() == "up\n" * 3 and len(processes_with(marker)) == 3)
    return sorted(processes_with(marker))


def test_stop_ends_all_descendants(service: Service, tmp_path: Path) -> None:
    marker = f"stop-{tmp_path.name}-{os.getpid()}"
    job_id = service.create(job({"t": detached_sleepers(marker)}))
    wait_for_sleepers(service, job_id, marker)
    service.call("POST", f"/jobs/{job_id}/stop")
    assert service.state(job_id) == "Stopped"
    assert service.instance(job_id)["State"] == "Stopped"
    wait_until(lambda: not processes_with(marker), 5)
    service.call("DELETE", f"/jobs/{job_id}")
    wait_until(lambda: not (service.data_dir / "instances" / job_id).exists())


def test_a_command_that_signals_its_own_group_does_not_end_the_shim(service: Service) -> None:
    program = "import os, signal; signal.signal(15, signal.SIG_IGN); os.killpg(0, 15); print('done')"
    done = service.run(job(f'python -c "{program}"'))
    assert done["State"] == "Finished", done


def test_what_a_command_leaves_running_is_killed(service: Service, tmp_path: Path) -> None:
    marker = f"left-{tmp_path.name}-{os.getpid()}"
    job_id = service.create(job(f"sh -c 'setsid sh -c \"sleep 600; : {marker}\" & exit 0'"))
    assert service.wait(job_id)["State"] == "Finished"
    assert not processes_with(marker)


def test_a_lost_shim_is_a_failed_attempt(service: Service, tmp_path: Path) -> None:
    marker = f"lost-{tmp_path.name}-{os.getpid()}"
    job_id = service.create(job({"t": task(f"sh -c 'sleep 600; : {marker}'")}))
    wait_until(lambda: bool(processes_with(marker)))
    [pid_file] = (service.data_dir / "instances" / job_id).glob("*/*/*/shim.pid")
    os.kill(int(pid_file.read_text()), 9)
    assert service.wait(job_id)["State"] == "Failed"
    assert service.instance(job_id)["Result"]["ErrorCode"] == "InstanceLost"
    wait_until(lambda: not processes_with(marker), 5)


def test_directories_stay_only_for_what_failed(service: Service) -> None:
    good, bad = service.create(job("true")), service.create(job("false"))
    service.wait(good)
    service.wait(bad)
    root = service.data_dir / "instances"
    wait_until(lambda: not (root / good / "t" / "0").exists())
    assert (root / bad / "t" / "0" / "1" / "root").exists()
    service.call("DELETE", f"/jobs/{bad}")
    wait_until(lambda: not (root / bad).exists())


def test_a_command_has_default_signals(start_service: Callable[..., Service]) -> None:
    """Check it in a service that a script has started in the background, with SIGQUIT ignored."""
    before = signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    try:
        service = start_service()
    finally:
        signal.signal(signal.SIGQUIT, before)
    job_id = service.create(job("grep SigIgn /proc/self/status"))
    service.wait(job_id)
    ignored = int(service.object(f"logs/stdout.{job_id}.t.0").split()[1], 16)
    # The C library keeps signals 32 and 33 for itself: no program can change what it inherits of these.
    assert [number for number in signal.valid_signals() if ignored >> (number - 1) & 1] == []
