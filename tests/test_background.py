"""The suite in the background: a script without job control starts it with SIGINT ignored and without a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.child import LIMIT

ROOT = Path(__file__).parents[1]
INTERRUPTING = (
    "tests/commands/test_output.py::test_a_command_that_is_interrupted",
    "tests/airflow/test_demo.py::test_a_signal_leaves_no_process",
)


def test_tests_that_send_signals_pass_in_the_background():
    pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", *INTERRUPTING]
    done = subprocess.run(
        ["bash", "-c", 'trap "" INT QUIT HUP TERM; exec "$@"', "bash", *pytest],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
