"""What an installer reads of the package, built from this checkout."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tarfile
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from airflow_provider_bcs.cli import LOCAL_EXTRA
from tests.child import LIMIT

CHECKOUT = Path(__file__).parents[2]
TITLE = re.compile(r"^#+ (.+)$", re.MULTILINE)
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


def build(kind: str, source: Path, target: Path) -> Path:
    """Build a wheel or an sdist; return the file."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)],
        cwd=source,
        check=True,
        capture_output=True,
        timeout=LIMIT,
    )
    [built] = target.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


def read_wheel(wheel: Path) -> Message:
    """Return the metadata of a wheel; its payload is the long description."""
    with ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_string(archive.read(name).decode())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Message:
    return read_wheel(build("wheel", CHECKOUT, tmp_path_factory.mktemp("wheel")))


def test_each_address_leads_to_a_file_of_the_checkout(wheel):
    urls = dict(each.split(", ", 1) for each in wheel.get_all("Project-URL"))
    readme = wheel.get_payload()
    links = re.findall(r"\]\(([^)\s]+)[^)]*\)|^\[[^\]]+\]: (\S+)|(?:src|href)=[\"']([^\"']+)", readme, re.MULTILINE)
    links = ["".join(link) for link in links]
    pages = [link for link in [*links, *urls.values()] if link.startswith(urls["Source"])]
    assert len(pages) > 20
    assert all(link.startswith(("https://", "#")) for link in links)
    anchors = {"#" + re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in TITLE.findall(readme)}
    assert {link for link in links if link.startswith("#")} <= anchors
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


def test_the_versions_are_those_of_the_table(wheel):
    """README.md says what each version is tested with, or why it is not possible."""
    pythons = [each.rpartition(" :: ")[2] for each in wheel.get_all("Classifier") if ":: Python :: 3." in each]
    table = wheel.get_payload().partition("## Supported versions")[2].partition("\n## ")[0]
    assert re.findall(r"Python (3\.\d+) \|", table) == pythons
    last = int(pythons[-1].partition(".")[2])
    assert set(wheel["Requires-Python"].split(",")) == {f">={pythons[0]}", f"<3.{last + 1}"}
    assert "apache-airflow>=2.11" in wheel.get_all("Requires-Dist")
    assert re.findall(r"^\| Airflow (\S+) \|", table, re.MULTILINE)[0] == "2.11"
    assert "Framework :: Apache Airflow :: Provider" in wheel.get_all("Classifier")


def test_the_wheel_of_the_sdist_is_the_same(wheel, tmp_path):
    with tarfile.open(build("sdist", CHECKOUT, tmp_path)) as archive:
        archive.extractall(tmp_path, filter="data")
    [source] = [folder for folder in tmp_path.iterdir() if folder.is_dir()]
    assert read_wheel(build("wheel", source, tmp_path)).as_string() == wheel.as_string()


def test_airflow_finds_the_documentation(metadata):
    """Airflow links its page of providers to the address of this name, and to nothing without it."""
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
