"""Environments with the vendor's clients, which ``make test-clients`` installs, and the programs that use them.

A Python program is a module of unittest and a Node program one of node:test, so that it needs nothing but its client.
It finds the service in the variable ``LOCAL``, the JSON line that the service prints.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import requests

from tests.child import LIMIT
from tests.local.service import Service

CHECKOUT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
#: Host name of the cloud that the service of these tests takes for its own.
OSS_HOST = "oss-cn-hangzhou.aliyuncs.com"


def environment(name: str) -> Path:
    """Return the directory of an environment, such as ``ossfs`` or ``node``."""
    path = CHECKOUT / f".venv-clients-{name}"
    assert (path / ".installed").exists(), f"{path}: found no environment; expected the one of 'make test-clients'"
    return path


def python(name: str) -> str:
    """Return the Python of an environment; without a name, that of the tests."""
    return str(environment(name) / "bin" / "python") if name else sys.executable


def version(name: str, package: str) -> str:
    """Return the version of a package in an environment."""
    program = f"import importlib.metadata; print(importlib.metadata.version({package!r}))"
    command = [python(name), "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=LIMIT).stdout.strip()


def variables(home: Path, **more: str) -> dict[str, str]:
    """Return the variables of a program that sees no settings of this machine's user, no proxy and no cloud."""
    # Without keys, alipai asks the machines of the cloud for some.
    settings = {"AIRFLOW_HOME": str(home), "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true", "LANG": "C.UTF-8"}
    return {"PATH": os.environ["PATH"], "HOME": str(home), **settings, **more}


def run_python(name: str, program: str, service: Service, home: Path, *, proxied: bool = False) -> Counter[str]:
    """Run a program of unittest in an environment; return the number of requests that it has made, by operation.

    :param proxied: the endpoint of the object store is a name of the cloud, and the service is the proxy
    """
    command = [python(name), "-W", "ignore", "-m", "unittest", "-v", program]
    return _run(command, r"^Ran ([1-9]\d*) tests? in .*\n\nOK$", service, home, proxied=proxied)


def run_node(program: str, service: Service, home: Path, *, proxied: bool = False) -> Counter[str]:
    """Do the same with a program of node:test."""
    command = ["node", "--no-deprecation", "--test", "--test-reporter=tap", f"{program}.js"]
    modules = str(environment("node") / "node_modules")
    return _run(command, r"^# pass [1-9]\d*\n# fail 0$", service, home, proxied=proxied, NODE_PATH=modules)


def _run(
    command: Sequence[str], passed: str, service: Service, home: Path, *, proxied: bool, **more: str
) -> Counter[str]:
    local = service.ready
    if proxied:
        local = {**local, "oss": f"http://{OSS_HOST}"}
        more["http_proxy"] = service.url
    before = _requests(service)
    done = subprocess.run(
        command,
        cwd=PROGRAMS,
        env=variables(home, LOCAL=json.dumps(local), **more),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert re.search(passed, output, re.MULTILINE), output
    return _requests(service) - before


def _requests(service: Service) -> Counter[str]:
    return Counter(requests.get(f"{service.url}/_local/requests", timeout=10).json())
