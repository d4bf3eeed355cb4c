"""docs/operations.md says what is there, and docs/clusters.md works as it stands."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.local.batchcompute import assembly
from airflow_provider_bcs.local.options import LocalOptions
from airflow_provider_bcs.local.runner import Settings
from airflow_provider_bcs.local.store import Store
from airflow_provider_bcs.provider_info import get_provider_info
from tests.airflow.test_docs import DOCS, blocks, for_local_service
from tests.batchcompute.clusters import image

#: Methods of the client that are no operation.
OTHERS = {"close", "credentials", "now"}


def rows() -> dict[str, tuple[str, str, str]]:
    table = [line.strip("| ").split(" | ") for line in (DOCS / "operations.md").read_text().splitlines()]
    return {row[0]: (row[1], row[2], row[3]) for row in table if len(row) == 4 and row[0] != "operation"}


def names(column: int) -> list[str]:
    return [name for row in rows().values() for name in re.findall(r"`(\w+)`", row[column])]


def test_the_methods_are_those_of_the_client():
    public = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")}
    assert sorted(names(0)) == sorted(public - OTHERS)


def test_the_operations_are_those_of_the_local_service(tmp_path: Path):
    store = Store(tmp_path / "state.sqlite", assembly.SCHEMA)
    gateway, *_ = assembly.assemble(LocalOptions(), LocalOptions(), Settings(tmp_path, "rewrite", "", ""), store)
    store.close()
    served = [route.operation.removeprefix("batchcompute.") for route in gateway.routes]
    assert sorted(rows()) == sorted(served)
    assert all(row[2].startswith("yes") for row in rows().values())


def test_the_operators_and_sensors_are_there():
    info = get_provider_info()
    there = {
        name
        for room in ("operators", "sensors")
        for entry in info[room]
        for module in entry["python-modules"]
        for name in vars(importlib.import_module(module))
    }
    assert set(names(1)) <= there
    assert all(row[1] == "²" or "`" in row[1] for row in rows().values())


@pytest.mark.usefixtures("airflow_db", "connection")
def test_an_operation_without_an_operator_is_one_call_in_a_task(client):
    names: dict[str, Any] = {}
    (code,) = blocks("operations.md", "python")
    exec(compile(code, "operations.md", "exec"), names)
    created = client.create_image(image())
    assert created.Id in names["image_ids"].function()


def test_the_examples_of_the_clusters_page(service, capsys):
    graph, operators, client = blocks("clusters.md", "python")
    (execution,) = re.findall(r"^    execution=.*?^    \),\n", graph, re.DOTALL | re.MULTILINE)
    assert execution in (DOCS.parent / "example_dags" / "example_bcs_own_cluster.py").read_text()
    with DAG("page", schedule=None) as dag:
        exec(compile(operators, "clusters.md", "exec"), {})
    assert set(dag.task_dict) == {"create", "grow", "work", "delete"}
    exec(compile(for_local_service(client, service.url), "clusters.md", "exec"), {})
    assert re.fullmatch(r"Active; machines: workers: \d of 3\n", capsys.readouterr().out)
