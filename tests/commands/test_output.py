"""What all commands share: names of files, outputs that cannot be written, interruptions, imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.batchcompute.jobs import job, task
from tests.batchcompute.legacy_jobs import v1_job
from tests.child import LIMIT, child


@pytest.mark.parametrize("command", ["validate", "graph", "translate"])
def test_a_name_of_a_file_that_is_none(run, command):
    code, out, err = run(command, "x" * 5000 + ".json")
    assert (code, len(out + err)) == (1, 1)
    assert (out + err)[0].endswith(".json: cannot be read: File name too long.")


def test_a_name_of_a_file_that_moves_the_cursor(file, run):
    assert run("validate", file("a\n\x1b[2J.json", job())) == (0, [r"a\n\x1b[2J.json: valid"], [])
    wrong = r"a\n\x1b[2J.json: is empty."
    assert run("validate", file("a\n\x1b[2J.json", "")) == (1, [wrong], [])
    assert run("graph", "a\n\x1b[2J.json") == (1, [], [wrong])


def command_line(redirected, name):
    """Run a command in a shell; return its exit code and what is on stderr."""
    program = f"{sys.executable} -m airflow_provider_bcs.cli"
    done = subprocess.run(
        ["bash", "-c", f"{program} {redirected.format(name)}; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", ["validate --any-size", "graph", "translate"])
def test_an_output_that_cannot_be_written(file, command):
    many = file("many.json", job({f"t{n}": task() for n in range(3000)}))
    file("wrong.json", job({f"t{n}": task(Tiemout=1) for n in range(3000)}))
    full = "airflow-bcs: cannot write the output: No space left on device.\n"
    assert command_line(f"{command} {{}} > /dev/full", many) == (1, full)
    assert command_line(f"{command} {{}} | true", "wrong.json" if "validate" in command else many) == (1, "")
    code, err = command_line(f"{command} {{}} >&-", many)
    assert (code, err) == ((1, "stdout: found none; name a file with -o.\n") if "late" in command else (0, ""))


def test_a_command_that_is_interrupted(file):
    os.mkfifo("slow.py")
    name = file("good.json", job())
    # Nobody reads from the pipe: it waits to be opened.
    command = [sys.executable, "-m", "airflow_provider_bcs.cli", "translate", name, "--force", "-o", "slow.py"]
    with child(command, stderr=subprocess.PIPE) as process:
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == ""


def test_the_commands_need_no_airflow(file):
    name = file("old.json", v1_job())
    for command in (["validate", name], ["translate", name], ["graph", name]):
        program = (
            f"import sys; from airflow_provider_bcs.cli import main; assert main({command!r}) == 0;"
            "assert not [module for module in sys.modules if module.split('.')[0] in ('airflow', 'requests')]"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
            timeout=LIMIT,
        )
        assert done.returncode == 0, done.stderr


def test_without_a_command_the_help_is_shown(run):
    code, out, err = run()
    assert (code, err) == (0, [])
    assert out[0].startswith("usage: airflow-bcs ")
    for command in ("local", "validate", "translate", "graph", "demo"):
        assert any(line.split()[:1] == [command] for line in out)


@pytest.mark.parametrize(
    ("command", "findings"),
    [
        ("validate", "The lines are the result, so they are on stdout."),
        ("translate", "Violations and warnings are on stderr."),
        ("graph", "Violations are on stderr."),
    ],
)
def test_the_help_says_which_stream_has_the_violations(run, file, command, findings):
    name = file("wrong.json", job({"a": task(Tiemout=1)}))
    _, out, err = run(command, name)
    stream, other = (out, err) if command == "validate" else (err, out)
    assert (len(stream), other) == (1, [])
    assert findings in " ".join(help_of(command).split())


def help_of(command):
    """Return the help of a command as the program prints it."""
    program = [sys.executable, "-m", "airflow_provider_bcs.cli", command, "--help"]
    return subprocess.run(program, capture_output=True, text=True, timeout=LIMIT, check=True).stdout
