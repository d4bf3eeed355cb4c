"""Each fact about a service has one home: no module repeats a state, an API version or a limit as a literal."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import airflow_provider_bcs
from airflow_provider_bcs.batchcompute import facts as batchcompute
from airflow_provider_bcs.dlc import facts as dlc
from airflow_provider_bcs.http import facts as http

PACKAGE = Path(airflow_provider_bcs.__file__).parent
HOMES = {Path(module.__file__) for module in (batchcompute, dlc, http)}
MODULES = sorted(set(PACKAGE.rglob("*.py")) - HOMES)

STATES = {
    *batchcompute.STATES,
    *(batchcompute.CLUSTER_ACTIVE, batchcompute.CLUSTER_DELETING, batchcompute.READY, batchcompute.GONE),
    *(value for name, value in vars(batchcompute).items() if name.startswith("MACHINE_")),
    *(*dlc.ACTIVE, *dlc.OUTCOMES, dlc.POD_PENDING),
}
#: Fields of PAI-DLC's answer that have the name of a state: the counts of a job's pods.
FIELDS = {"local/dlc/fields.py": {"Active", "Queuing"}}
VERSIONS = {batchcompute.API_VERSION, dlc.API_VERSION}
NUMBERS = {
    batchcompute.MAX_BODY_SIZE,
    batchcompute.Quotas.MaxInstanceTimeout,
    int(http.MAX_CLOCK_SKEW.total_seconds()),
    dlc.MAX_BODY_SIZE,
}
#: Sizes of buffers and a flag of the kernel, which are no limits of a service.
SAME_NUMBERS = {
    "local/dlc/log_file.py": {64 * 1024},
    "local/runner.py": {64 * 1024},
    "local/shim/kernel.py": {0x40000},
    "local/shim/log.py": {256 * 1024},
}


def names_of(module: object) -> set[str]:
    return {name for name in vars(module) if name.isupper()}


LIMITS = {
    name
    for module in (batchcompute, dlc, http)
    for name in names_of(module)
    if name.startswith(("MAX_", "DEFAULT_")) or name.endswith("_DEFAULTS") or name == "API_VERSION"
}


def literals(tree: ast.AST) -> Iterator[object]:
    """Yield the text and number literals of a module, docstrings apart; a product of numbers counts as one."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Constant):
            yield node.value
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            with suppress(NameError):
                yield eval(compile(ast.Expression(node), "", "eval"), {"__builtins__": {}})
        yield from literals(node)


def assigned(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def repeated(source: str, place: str = "") -> list[str]:
    """Return the facts that a module repeats."""
    tree = ast.parse(source)
    found = list(literals(tree))
    texts = [value for value in found if isinstance(value, str)]
    states = {word for word in STATES for text in texts if text == word or f"'{word}'" in text}
    numbers = {value for value in found if type(value) is int} & NUMBERS
    limits = {name for name in assigned(tree) if name.lstrip("_") in LIMITS}
    return sorted(
        map(
            str,
            (states - FIELDS.get(place, set()))
            | {version for version in VERSIONS if any(version in text for text in texts)}
            | (numbers - SAME_NUMBERS.get(place, set()))
            | limits,
        )
    )


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.relative_to(PACKAGE).as_posix())
def test_a_module_takes_facts_from_their_home(module: Path):
    assert repeated(module.read_text(), module.relative_to(PACKAGE).as_posix()) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = state == 'Waiting'", ["Waiting"]),
        ("sql = \"UPDATE jobs SET state = 'Finished'\"", ["Finished"]),
        ("sql = f\"state = 'Stopped' AND {x}\"", ["Stopped"]),
        ('headers = {"x-acs-version": "2020-12-03"}', ["2020-12-03"]),
        ("max_body = 256 * 1024", ["262144"]),
        ("seconds = 15 * 60", ["900"]),
        ("_MAX_PAGE_SIZE = 100", ["_MAX_PAGE_SIZE"]),
        ("MAX_TASKS: int = 16", ["MAX_TASKS"]),
        ('"""A job that is \'Waiting\'; API version 2015-11-11."""', []),
        ("x = 1 * 2", []),
    ],
)
def test_a_repeated_fact_is_found(source: str, found: list[str]):
    assert repeated(source) == found
