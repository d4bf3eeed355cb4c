"""What the tests of the commands share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_provider_bcs.cli import main


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Write a file where the test runs; return its name."""
    monkeypatch.chdir(tmp_path)

    def write(name, content):
        text = content if isinstance(content, str) else json.dumps(content, indent=2)
        Path(name).write_text(text, encoding="utf-8", newline="")
        return name

    return write


@pytest.fixture
def run(capsysbinary):
    """Run the command; return its exit code and the lines on stdout and stderr."""

    def command(*arguments):
        code = main(list(arguments))
        out, err = capsysbinary.readouterr()
        return code, out.decode().splitlines(), err.decode().splitlines()

    return command
