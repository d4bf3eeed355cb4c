"""The demonstration ends cleanly, whatever ends it; that it succeeds is for ``make demo`` to show."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from airflow_provider_bcs import demo
from airflow_provider_bcs.cli import main
from tests.child import child, first_line
from tests.local.service import wait_until


def started(directory: Path, *launcher: str) -> AbstractContextManager[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "airflow_provider_bcs.cli", "demo", "--directory", str(directory)]
    return child([*launcher, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def stops(running: subprocess.Popen[str], number: int) -> None:
    """Send a signal; check that the demonstration ends, and each process that it started."""
    running.send_signal(number)
    _, stderr = running.communicate(timeout=90)
    assert (running.returncode, stderr) == (130, "demo stopped\n")
    # What was killed stays in the table of processes until somebody has taken note of it.
    wait_until(lambda: running.pid not in list(sessions()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_no_process(tmp_path, number):
    with started(tmp_path / "d m#o") as running:
        assert "the local service answers" in first_line(running)
        stops(running, number)


def test_a_demo_in_the_background(tmp_path):
    """It starts with SIGINT ignored in a script, and with SIGHUP ignored below nohup, which it has to outlive."""
    with started(tmp_path, "bash", "-c", 'trap "" INT HUP; exec "$@"', "bash") as running:
        assert "the local service answers" in first_line(running)
        running.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(2)
        stops(running, signal.SIGINT)


def sessions() -> Iterator[int]:
    """The session of each process there is."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                yield int((folder / "stat").read_text().rpartition(")")[2].split()[3])


def test_a_directory_that_is_not_its_own(tmp_path, capsys):
    (tmp_path / "precious").write_text("x")
    assert main(["demo", "--directory", str(tmp_path)]) == 1
    assert "found files that this command did not create" in capsys.readouterr().err
    assert main(["demo", "--directory", str(tmp_path / "precious")]) == 1
    assert capsys.readouterr().err.startswith("demo failed: ")
    assert (tmp_path / "precious").read_text() == "x"


def test_a_dag_file_that_cannot_be_imported(tmp_path, capsys):
    examples = tmp_path / "examples"
    shutil.copytree(Path(demo.__file__).parents[1] / "example_dags", examples)
    (examples / "example_bcs_find_primes.py").write_text("from airflow.sdk_of_tomorrow import DAG\n")
    assert demo.run(str(tmp_path / "demo"), examples) == 1
    log = tmp_path / "demo" / "import-errors.json"
    assert capsys.readouterr().err == (
        "demo failed: Airflow cannot import example_bcs_find_primes.py: "
        f"ModuleNotFoundError: No module named 'airflow.sdk_of_tomorrow'; see {log}\n"
    )
    (found,) = json.loads(log.read_text())
    assert found["filepath"] == str(examples / "example_bcs_find_primes.py")
