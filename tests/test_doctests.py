"""Run the examples of the docstrings."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import airflow_provider_bcs

PACKAGE = Path(airflow_provider_bcs.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text()
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    failed, attempted = doctest.testmod(importlib.import_module(name))
    assert attempted
    assert not failed


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("dlc.client", "Client"),
        ("dlc.logs", "PodLogReader"),
        ("http.client", "ServiceClient"),
        ("http.credentials", "Credentials"),
        ("http.session", "RetryPolicy"),
        ("oss.package", "Package"),
        ("oss.store", "ObjectStore"),
        ("waiting.watcher", "Watcher"),
    ],
)
def test_the_public_class_has_an_example(module: str, name: str) -> None:
    documented = getattr(importlib.import_module(f"airflow_provider_bcs.{module}"), name)
    assert any(test.examples for test in doctest.DocTestFinder(recurse=False).find(documented))
