"""The demonstration ends cleanly, whatever ends it; that it succeeds is for ``make demo`` to show."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_provider_bcs import demo
from airflow_provider_bcs.cli import main
from tests.local.service import wait_until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_no_process(tmp_path, number):
    running = subprocess.Popen(
        [sys.executable, "-m", "airflow_provider_bcs.cli", "demo", "--directory", str(tmp_path / "d m#o")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert "the local service answers" in running.stdout.readline()
    os.kill(running.pid, number)
    _, stderr = running.communicate(timeout=90)
    assert (running.returncode, stderr) == (130, "demo stopped\n")
    # What was killed stays in the table of processes until somebody has taken note of it.
    wait_until(lambda: running.pid not in list(sessions()))


def sessions() -> Iterator[int]:
    """The session of each process there is."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                yield int((folder / "stat").read_text().rpartition(")")[2].split()[3])


def test_a_directory_that_is_not_its_own(tmp_path, capsys):
    (tmp_path / "precious").write_text("x")
    assert main(["demo", "--directory", str(tmp_path)]) == 1
    assert "was not made by this command" in capsys.readouterr().err
    assert main(["demo", "--directory", str(tmp_path / "precious")]) == 1
    assert capsys.readouterr().err.startswith("demo failed: ")
    assert (tmp_path / "precious").read_text() == "x"


def test_a_dag_file_that_cannot_be_imported(tmp_path, capsys, monkeypatch):
    examples = tmp_path / "examples"
    shutil.copytree(Path(demo.__file__).parents[1] / "example_dags", examples)
    monkeypatch.setattr(demo, "_examples", lambda: examples)
    (examples / "find_primes.py").write_text("from airflow.sdk_of_tomorrow import DAG\n")
    assert main(["demo", "--directory", str(tmp_path / "demo")]) == 1
    log = tmp_path / "demo" / "import-errors.json"
    assert capsys.readouterr().err == (
        "demo failed: Airflow cannot import find_primes.py: "
        f"ModuleNotFoundError: No module named 'airflow.sdk_of_tomorrow'; see {log}\n"
    )
    (found,) = json.loads(log.read_text())
    assert found["filepath"] == str(examples / "find_primes.py")
