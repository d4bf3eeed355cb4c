"""The suite in the background: a script without job control starts it with SIGINT ignored and without a terminal."""

from __future__ import annotations

import ast
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


def has_no_limit(call: ast.Call) -> bool:
    """Whether a call waits for a process, a thread, a future or a queue, and gives no time."""
    called = ast.unparse(call.func)
    if called in ("subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output"):
        return "timeout" not in {keyword.arg for keyword in call.keywords}
    waiting = called.rpartition(".")[2] in ("wait", "join", "communicate", "result", "get")
    return "." in called and waiting and not call.args and not call.keywords


def test_no_test_waits_without_a_limit():
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
        for file in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and has_no_limit(node)
    ]
    assert found == []
    assert has_no_limit(ast.parse("thread.join()", mode="eval").body)
