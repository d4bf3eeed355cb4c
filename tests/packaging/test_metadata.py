"""What an installer reads of the package, built from this checkout."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_bcs.cli import LOCAL_EXTRA
from tests.child import LIMIT

CHECKOUT = Path(__file__).parents[2]
#: Where the address in the metadata shows a file of the checkout, a folder, or the file itself.
PAGES = re.compile(r"/(?:blob|tree|raw)/main/(?P<path>[^#?]+)")


@pytest.fixture(scope="module")
def metadata() -> dict[str, Any]:
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "metadata"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT,
    )
    return json.loads(built.stdout)


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in requirements}


def test_only_the_extra_brings_a_server(metadata):
    server = {"crcmod-plus", "h11", "starlette", "uvicorn"}
    extras = metadata["optional-dependencies"]
    assert names(extras["local"]) == server
    assert not server & names(metadata["dependencies"])
    assert server <= names(extras["dev"])


def test_each_address_leads_to_a_file_of_the_checkout(metadata):
    readme = metadata["readme"]["text"] if isinstance(metadata["readme"], dict) else metadata["readme"]
    links = re.findall(r"\]\(([^)\s]+)[^)]*\)", readme)
    pages = [link for link in [*links, *metadata["urls"].values()] if link.startswith(metadata["urls"]["Source"])]
    assert len(pages) > 20
    assert all(link.startswith(("https://", "#")) for link in links)
    for found in filter(None, map(PAGES.search, pages)):
        assert (CHECKOUT / found["path"]).exists(), found[0]


def test_a_picture_is_the_file_and_a_link_is_its_page(tmp_path):
    for name in ("pyproject.toml", "LICENSE", "airflow_provider_bcs/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((CHECKOUT / name).read_bytes())
    text = "![graph](docs/graph.png) [![a](https://a/b.svg)](docs/a.md) [b](#here) [c](http://c) [d](.ci/run)"
    (tmp_path / "README.md").write_text(text)
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "metadata", "readme"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT,
    )
    source = "https://github.com/airflow-provider-bcs/airflow-provider-bcs"
    expected = (
        f"![graph]({source}/raw/main/docs/graph.png) [![a](https://a/b.svg)]({source}/blob/main/docs/a.md) "
        f"[b](#here) [c](http://c) [d]({source}/blob/main/.ci/run)"
    )
    assert expected in built.stdout


def test_airflow_finds_the_documentation(metadata):
    """Airflow 3.3 links its page of providers to the address of this name, and to nothing without it."""
    assert "Documentation" in metadata["urls"]


@pytest.mark.parametrize("missing", LOCAL_EXTRA)
@pytest.mark.parametrize("command", ["local", "demo"])
def test_without_the_extra_a_command_says_what_to_install(tmp_path, command, missing):
    # A process of its own: here the modules are loaded already.
    program = (
        f"import sys; sys.modules[{missing!r}] = None; from airflow_provider_bcs.cli import main; sys.exit(main())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"The local service needs modules that are not installed: {missing}. "
        "Run: pip install 'airflow-provider-bcs[local]'\n"
    )
    assert not list(tmp_path.iterdir())


def test_only_the_local_service_imports_the_extra():
    package = CHECKOUT / "airflow_provider_bcs"
    found = {
        (str(file.relative_to(package)), name)
        for file in package.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in imported(node)
        if name.partition(".")[0] in LOCAL_EXTRA
    }
    assert {name.partition(".")[0] for _, name in found} == set(LOCAL_EXTRA)
    assert {file for file, _ in found if not file.startswith("local/")} == set()


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [each.name for each in node.names] if isinstance(node, ast.Import) else []
