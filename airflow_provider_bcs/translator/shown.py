"""Pages of a graph and its tasks, and display names, which Airflow's UI shows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.airflow_versions import set_display_name
from airflow_provider_bcs.batchcompute.markdown import Machine, instance_count, machine_of, task_page, task_table
from airflow_provider_bcs.description.markdown import bullets, code, field, plain
from airflow_provider_bcs.operators.doc import LazyDoc

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

    from airflow_provider_bcs.translator.execution.protocol import Execution
    from airflow_provider_bcs.translator.plan import Plan

__all__ = ["file_name", "graph_page", "show"]


def show(operators: Mapping[str, BaseOperator], plan: Plan, *, counts: bool) -> None:
    """Give the operators of a plan their pages and display names. What the author gives stays.

    :param counts: whether the display name of a task with several instances says how many there are
    """
    for name, node in plan.nodes.items():
        operator: Any = operators[name]
        # A mapped operator has no page and no name of its own that could be set.
        if hasattr(operator, "partial_kwargs"):
            continue
        # The operators of this package make their page when Airflow reads it.
        if not isinstance(getattr(type(operator), "doc_md", None), LazyDoc) and operator.doc_md is None:
            operator.doc_md = task_page(node["DAG"]["Tasks"][name])
        if counts and operator.task_display_name == operator.task_id and (count := instance_count(node, name)) > 1:
            set_display_name(operator, f"{name} ({count:,} instances)")


def graph_page(plan: Plan, execution: Execution, operators: Mapping[str, BaseOperator], file: str) -> str:
    """Return a page about a graph: name, description and file of the job, the way to run, and a table of the tasks.

    :param operators: task name -> its operator, which may run the task on another machine than the job says
    :param file: name of the job file, or an empty text
    """
    head = (
        field("Job", code(plan.name)),
        field("Description", plain(plan.description, 1000)),
        field("File", code(file)),
        field("Runs as", code(type(execution).__name__)),
    )

    def machine(name: str, task: Mapping[str, Any]) -> Machine:
        found: Machine | None = getattr(operators[name], "machine", None)
        return found or machine_of(task)

    tasks = {name: node["DAG"]["Tasks"][name] for name, node in plan.nodes.items()}
    # Airflow takes a text that ends in .md for the name of a file.
    return bullets(head) + task_table(tasks, machine) + "\n"


def file_name(path: str | os.PathLike[str], folder: str) -> str:
    """Return the name of a job file, relative to the folder of the DAG file when it is below that.

    An absolute path would make another version of the DAG on each machine.

    >>> file_name("/dags/jobs/a.json", "/dags"), file_name("/else/b.json", "/dags")
    ('jobs/a.json', 'b.json')
    """
    found = Path(path)
    if not found.is_absolute():
        return found.as_posix()
    return found.relative_to(folder).as_posix() if found.is_relative_to(folder) else found.name
