"""The code of the page on the local service for the vendor's clients, in a network where its addresses are free."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.child import LIMIT, child
from tests.clients.environments import CHECKOUT, PROGRAMS, environment, python, variables
from tests.clients.page import blocks

pytestmark = pytest.mark.clients


def run(script: str, folder: Path, start: str = "airflow-bcs local", **more: str) -> str:
    """Run a script beside a service in a network of their own; return what the script prints.

    :param start: commands, the last of which is the service
    """
    hosts = folder / "hosts"
    hosts.write_text(Path("/etc/hosts").read_text())
    lines = [
        f"set -eu; cd {folder}",
        f"{start.rstrip()} > ready 2> log &",
        'trap "kill $!" EXIT',
        "until test -s ready; do kill -0 $! || { cat log; exit 1; }; sleep 0.1; done",
        script,
    ]
    own = ["unshare", "--map-root-user", "--net", "--mount", sys.executable, "-m", "tests.clients.own_network"]
    # The module is found from the checkout.
    command = [*own, str(hosts), "sh", "-c", "\n".join(lines)]
    path = os.pathsep.join([str(Path(sys.executable).parent), str(environment("bcs") / "bin"), os.environ["PATH"]])
    seen = variables(folder, **more) | {"PATH": path}
    with child(command, cwd=CHECKOUT, env=seen, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, output
    return output


def test_the_command_line(tmp_path: Path) -> None:
    _, start, log_in = blocks("The command line bcs")
    commands = f"{python('bcs')} -W ignore -m unittest -v bcs_commands"
    shown = run(f"{log_in}\ncd {PROGRAMS}\n{commands}", tmp_path, start)
    assert "Job created: job-" in shown
    assert re.search(r"^Ran [1-9]\d* tests in .*\n\nOK$", shown, re.MULTILINE), shown
    store = tmp_path / ".bcs-local" / "oss" / "my-bucket"
    assert "hello\n" in [path.read_text() for path in store.glob("bcs/*/logs/stdout.*")]
    assert (store / "app" / "sorted.txt").read_text() == "a\nb\n"


@pytest.mark.parametrize(("title", "shown"), [("alipai", "0\n"), ("aliyun-python-sdk-core", '"TotalCount": 0')])
def test_python(title: str, shown: str, tmp_path: Path) -> None:
    [code] = blocks(title)
    (tmp_path / "program.py").write_text(code)
    assert shown in run(f"{python('alipai')} -W ignore program.py", tmp_path)


#: What makes the code of the page show something.
_APPEND = """
const log = { Bucket: 'my-bucket', Key: 'log', Position: 0, Body: Buffer.from('appended') };
store.createBucket({ Bucket: 'my-bucket' }, () => store.appendObject(log, (error) => { if (error) throw error; }));
"""


@pytest.mark.parametrize(
    ("title", "more", "key", "content"),
    [("ali-oss", "", "in/words.txt", "one two"), ("aliyun-sdk", _APPEND, "log", "appended")],
)
def test_node(title: str, more: str, key: str, content: str, tmp_path: Path) -> None:
    [code] = blocks(title)
    (tmp_path / "program.js").write_text(code + more)
    shown = run("node program.js", tmp_path, NODE_PATH=str(environment("node") / "node_modules"))
    assert (tmp_path / ".bcs-local" / "oss" / "my-bucket" / key).read_text() == content, shown
    assert more or f"[ '{key}' ]" in shown
