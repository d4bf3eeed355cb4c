"""The floor plan in docs/architecture.md is that of the code."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

PACKAGE = "airflow_provider_bcs"
PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"
#: Rooms that every room, or every Airflow room, may import; the picture leaves them out.
EVERYWHERE = {
    "__init__",
    "exceptions",
    "lazy",
    "airflow_arguments",
    "airflow_versions",
    "masked_log",
    "provider_info",
    "retry_policy",
    "short_errors",
    "task_errors",
    "typed_templates",
    "xcom",
}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(PACKAGE, exclude_type_checking_imports=True)


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def drawn() -> set[tuple[str, str]]:
    """Return the arrows of the picture."""
    (picture,) = re.findall(r"```mermaid\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    arrows = set()
    for line in picture.splitlines():
        source, arrow, targets = line.strip().partition(" --> ")
        if arrow:
            arrows |= {(source, target) for target in targets.split(" & ")}
    return arrows


def test_the_picture_shows_the_imports_between_rooms(graph):
    imports = {
        (room(module), room(imported))
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    }
    between = {(a, b) for a, b in imports if a != b and not {a, b} & EVERYWHERE}
    assert sorted(drawn()) == sorted(between)


def test_each_room_is_described(graph):
    rooms = {room(module) for module in graph.modules} - {
        "__init__",
        "lazy",
        "masked_log",
        "provider_info",
        "task_errors",
        "xcom",
    }
    table = PAGE.read_text(encoding="utf-8").partition("## The rooms")[2].partition("\n## ")[0]
    assert rooms <= {name.removesuffix(".py") for name in re.findall(r"`(\w+(?:\.py)?)/?`", table)}


def test_no_file_imports_itself_over_others(graph):
    imported = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as error:
        pytest.fail(f"files import each other: {' -> '.join(error.args[1])}")
