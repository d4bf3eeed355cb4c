"""Log of a pod: completeness, timestamps, and time windows."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_provider_bcs.local.dlc.log_file import read_lines
from airflow_provider_bcs.local.dlc.parameters import Window
from airflow_provider_bcs.local.shim.clock import Clock, stamp
from airflow_provider_bcs.local.shim.log import Log
from tests.local.service import wait_until

from .dlc_service import DlcService, dlc_job


def written(tmp_path: Path, *chunks: bytes) -> list[str]:
    log = Log(str(tmp_path / "log"), Clock(0, 0, 1))
    for chunk in chunks:
        log.feed(chunk)
    log.end()
    return [line[20:] for line in read_lines(tmp_path / "log", Window(None, 2**40), 10**6)]


def test_what_is_a_line(tmp_path: Path) -> None:
    assert written(tmp_path, b"a\nb", b"b\r\n\n", b"last") == ["a", "bb\r", "", "last"]


def test_no_line_is_longer_than_16_kib(tmp_path: Path) -> None:
    text = "ä" * 20_000
    lines = written(tmp_path, b"x", text.encode(), b"\nend\n")
    assert lines[-1] == "end"
    assert "".join(lines[:-1]) == "x" + text
    assert [len(line.encode()) <= 16 * 1024 for line in lines] == [True] * 4


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    assert written(tmp_path, b"\xff\x00\n") == ["\ufffd\x00"]


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Log of 1,000,000 lines, ten per second."""
    path = tmp_path_factory.mktemp("big") / "log"
    with open(path, "w") as file:
        for second in range(100_000):
            prefix = stamp(second)
            file.writelines(f"{prefix} line {second * 10 + tenth}\n" for tenth in range(10))
        file.write(f"{stamp(100_000)} not complete")
    return path


@pytest.mark.parametrize(
    ("start", "end", "count", "first", "last"),
    [
        (0, 0, 100, 0, 9),
        (99_999, 100_000, 100, 999_990, 999_999),
        (50_000, 50_001, 100, 500_000, 500_019),
        (50_000, 50_001, 3, 500_017, 500_019),
        (None, 10, 5, 105, 109),
        (None, 100_000, 20_000, 980_000, 999_999),
        (99_000, 10**8, 1, 999_999, 999_999),
    ],
)
def test_windows_of_a_big_log(big: Path, start: int | None, end: int, count: int, first: int, last: int) -> None:
    begin = time.monotonic()
    lines = read_lines(big, Window(start, end), count)
    # Reading the whole log takes half a second.
    assert time.monotonic() - begin < 0.1
    numbers = [int(line.rpartition(" ")[2]) for line in lines]
    assert numbers == list(range(first, last + 1))
    assert lines[0].startswith(stamp(first // 10))


def test_windows_without_lines(big: Path, tmp_path: Path) -> None:
    assert read_lines(big, Window(200_000, 300_000), 10) == []
    assert read_lines(big, Window(20, 10), 10) == []
    assert read_lines(tmp_path / "none", Window(None, 10), 10) == []
    (tmp_path / "empty").touch()
    assert read_lines(tmp_path / "empty", Window(None, 10), 10) == []


def test_lines_at_a_thousand_a_second_are_complete(dlc: DlcService) -> None:
    script = """
import time
begin = time.monotonic()
for block in range(100):
    for number in range(100):
        print("line", block * 100 + number, flush=True)
    time.sleep(max(0, begin + (block + 1) / 10 - time.monotonic()))
"""
    job_id = dlc.create(dlc_job(f"exec python -c '{script}'"))
    seen: list[str] = []

    def read() -> bool:
        """Read like a client that follows a log: from the last second it has read, without known lines."""
        is_over = dlc.status(job_id) == "Succeeded"
        if not is_over and dlc.status(job_id) != "Running":
            return False
        start = {"start_time": f"{seen[-1][:10]}T{seen[-1][11:19]}Z"} if seen else {}
        lines = dlc.logs(job_id, max_lines=20_000, **start)
        known = {line for line in seen[-20_000:] if not start or line[:19] >= seen[-1][:19]}
        seen.extend(line for line in lines if line not in known)
        return is_over

    wait_until(read, 30)
    assert [line[20:] for line in seen] == [f"line {number}" for number in range(10_000)]
    assert dlc.texts(job_id) == [f"line {number}" for number in range(8000, 10_000)]
    assert [line[:19] for line in seen] == sorted(line[:19] for line in seen)


def test_windows_over_http(dlc: DlcService) -> None:
    done = dlc.run_job(dlc_job("echo 1; sleep 1.1; echo 2; sleep 1.1; echo 3"))
    job_id = done["JobId"]
    first, second, third = (f"{line[:10]}T{line[11:19]}Z" for line in dlc.logs(job_id))
    assert dlc.texts(job_id, start_time=second, end_time=second) == ["2"]
    assert dlc.texts(job_id, start_time=second) == ["2", "3"]
    assert dlc.texts(job_id, end_time=second, max_lines=1) == ["2"]
    assert dlc.texts(job_id, start_time="2000-01-01T00:00:00Z", end_time="9999-12-31T23:59:59Z") == ["1", "2", "3"]
    assert done["GmtRunningTime"] <= first < third <= done["GmtFinishTime"]
    path = f"/api/v1/jobs/{job_id}/pods/{job_id}-master-0/logs"
    for wrong in ({"MaxLines": "0"}, {"MaxLines": "x"}, {"StartTime": "yesterday"}):
        assert dlc.send("GET", path, wrong).json()["Code"] == "InvalidParameter"


def test_a_pod_that_was_restarted_has_a_log_for_each_time(dlc: DlcService, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    job = dlc_job(f"test -e {flag} && echo second && exit; touch {flag}; echo first; exit 1", RestartPolicy="OnFailure")
    done = dlc.run_job(job)
    [pod] = done["Pods"]
    [earlier] = pod["HistoryPods"]
    assert dlc.texts(done["JobId"], pod_uid=earlier["PodUid"]) == ["first"]
    assert dlc.texts(done["JobId"], pod_uid=pod["PodUid"]) == dlc.texts(done["JobId"]) == ["second"]


def test_the_log_outlives_the_service(start_dlc: Callable[..., DlcService], tmp_path: Path) -> None:
    service = start_dlc("--clock-rate", "60")
    gate = tmp_path / "gate"
    script = f"for i in $(seq 5); do echo $i; done; while ! test -e {gate}; do sleep 0.02; done; echo -n end"
    job_id = service.create(dlc_job(script))
    wait_until(lambda: service.status(job_id) == "Running" and len(service.texts(job_id)) == 5)
    service.end(signal.SIGKILL)
    gate.touch()
    wait_until(lambda: any(service.data_dir.glob("pods/*/*/*/result.json")))
    service.start()
    service.wait_for(job_id, "Succeeded")
    assert service.texts(job_id) == ["1", "2", "3", "4", "5", "end"]
