"""The example in the docstring of each public class of Airflow's rooms runs in a DAG file, without network."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import socket
import textwrap
import warnings
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG

import airflow_provider_bcs

ROOMS = ("hooks", "links", "operators", "sensors", "triggers")
#: Bases, which authors do not use by themselves.
BASES = {
    "DescriptionOperator",
    "JobLink",
    "ServiceHook",
    "ServiceOperator",
    "StateSensor",
    "StateTrigger",
    "SubmitJobOperator",
}
NO_CLASSES_OF_AUTHORS = {
    "AirflowConnection",
    "ClusterWaiting",
    "LazyDoc",
    "MarkedTasks",
    "MarkedTasksPlugin",
    "OwnedJob",
    "Packing",
    "Part",
    "ServiceSettings",
    "SharedWatcher",
    "Writing",
}


def public_classes() -> Iterator[type]:
    for room in ROOMS:
        package = importlib.import_module(f"airflow_provider_bcs.{room}")
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for name, value in vars(importlib.import_module(module.name)).items():
                if inspect.isclass(value) and value.__module__ == module.name and not name.startswith("_"):
                    yield value


def example_of(documented: Any) -> str:
    """Return the code after the first ``::`` of a docstring."""
    found = re.search(r"^::\n\n((?: {4}.*\n|\n)+)", f"{inspect.getdoc(documented)}\n", re.MULTILINE)
    return textwrap.dedent(found.group(1)) if found else ""


AUTHORS_CLASSES = [cls for cls in public_classes() if cls.__name__ not in BASES | NO_CLASSES_OF_AUTHORS]


@pytest.mark.parametrize("cls", AUTHORS_CLASSES, ids=lambda cls: cls.__name__)
def test_the_example_runs(cls, monkeypatch):
    code = example_of(cls)
    assert cls.__name__ in code, f"{cls.__name__} has no example"

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("an example opens a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with warnings.catch_warnings(), DAG("example", start_date=datetime(2024, 1, 1), schedule=None) as dag:
        warnings.simplefilter("error", UserWarning)
        exec(compile(code, f"example of {cls.__name__}", "exec"), {})
    dag.resolve_template_files()
    if issubclass(cls, importlib.import_module("airflow.providers.common.compat.sdk").BaseOperator):
        assert any(isinstance(task, cls) for task in dag.tasks)


@pytest.mark.parametrize("name", ["batchcompute", "dlc"])
def test_the_ports_example_runs(name):
    port = importlib.import_module(f"airflow_provider_bcs.{name}.port")
    (cls,) = (value for value in vars(port).values() if inspect.isclass(value) and value.__module__ == port.__name__)
    code = example_of(cls)
    assert cls.__name__ in code
    exec(compile(code, name, "exec"), {})


def test_no_room_is_forgotten():
    assert set(ROOMS) <= {module.name for module in pkgutil.iter_modules(airflow_provider_bcs.__path__)}
    assert len(AUTHORS_CLASSES) >= 20
