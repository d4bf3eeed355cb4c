"""Importing a module starts nothing: no server, no thread, no process, no connection."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_3_PLUS

ROOT = Path(__file__).parents[2]
PACKAGE, EXAMPLES = ROOT / "airflow_provider_bcs", ROOT / "example_dags"

#: Imports all modules, and reports what happens meanwhile in code of ours that is called and not just imported: other
#: libraries look whether there is IPv6, or which machine this is, when they are imported.
PROGRAM = """
import importlib, importlib.util, os, sys, threading

started = []
def watch(event, arguments):
    if event in (
        "socket.__new__", "socket.bind", "socket.connect", "socket.getaddrinfo", "_thread.start_new_thread",
        "subprocess.Popen", "os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.system", "signal.signal",
    ):
        frame = sys._getframe(1)
        while frame and not frame.f_code.co_filename.startswith("<frozen importlib"):
            if frame.f_code.co_filename.startswith({roots!r}):
                started.append(f"{{frame.f_code.co_filename}}:{{frame.f_lineno}}: {{event}}")
            frame = frame.f_back

sys.addaudithook(watch)
for name in {names!r}:
    importlib.import_module(name)
for path in {programs!r}:
    spec = importlib.util.spec_from_file_location("program", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
assert started == [], started
assert threading.enumerate() == [threading.main_thread()]
assert open(f"/proc/self/task/{{os.getpid()}}/children").read() == ""
assert not [fd for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{{fd}}") and
            os.readlink(f"/proc/self/fd/{{fd}}").startswith("socket:")]
# Airflow itself appends its folders.
assert not [folder for folder in sys.path if folder.startswith({roots!r})]
"""


def module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(tmp_path: Path, names: list[str], programs: list[Path], *roots: Path) -> subprocess.CompletedProcess[str]:
    """Import in an interpreter of its own; the code below ``roots`` is watched."""
    program = PROGRAM.format(names=names, programs=[str(path) for path in programs], roots=tuple(map(str, roots)))
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=tmp_path,
        env={"PATH": "", "HOME": str(tmp_path), "AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_importing_any_module_starts_nothing(tmp_path):
    # Airflow before 3.3 has no retry policies.
    left_out = set() if AIRFLOW_V_3_3_PLUS else {"airflow_provider_bcs.retry_policy"}
    names = [name for file in sorted(PACKAGE.rglob("*.py")) if (name := module(file)) not in left_out]
    assert {"airflow_provider_bcs.local.__main__", "airflow_provider_bcs.local.shim.__main__"} < set(names)
    programs = sorted((EXAMPLES / "find_primes").glob("*.py"))
    assert len(programs) == 3
    done = imported(tmp_path, names, programs, PACKAGE, EXAMPLES)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
        "import subprocess; subprocess.run(['/bin/true'])",
        "import socket; socket.create_server(('127.0.0.1', 0))",
        "import os, sys; sys.path.append(os.path.dirname(__file__))",
    ],
)
def test_what_a_module_starts_is_noticed(tmp_path, code):
    (tmp_path / "busy.py").write_text(code)
    assert imported(tmp_path, [], [tmp_path / "busy.py"], tmp_path).returncode == 1
