"""Pages of a graph and its tasks, display names and assets, which Airflow's UI shows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.airflow_versions import set_display_name
from airflow_provider_bcs.batchcompute.markdown import COLUMNS, MOST_ROWS, instance_count, task_cells, task_lines
from airflow_provider_bcs.description.markdown import code, page, plain, table
from airflow_provider_bcs.description.values import is_template
from airflow_provider_bcs.description.violation import JobWarning
from airflow_provider_bcs.operators.doc import LazyDoc
from airflow_provider_bcs.operators.outputs import outputs_of, to_asset

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

    from airflow_provider_bcs.translator.execution.protocol import Execution
    from airflow_provider_bcs.translator.graph_arguments import GraphArguments
    from airflow_provider_bcs.translator.plan import Plan

__all__ = ["show"]


def show(operators: Mapping[str, BaseOperator], plan: Plan, execution: Execution, graph: GraphArguments) -> str:
    """Give the operators of a plan their assets, display names and pages. What the author gives stays.

    An output with a template is known only when the task runs: a :class:`JobWarning` names it, and it has no asset.

    :param operators: task name -> its operator, which may run the task on another machine than the job says
    :return: a page about the graph: name, description and file of the job, the way to run, and a table of the tasks
    """
    rows: list[tuple[Any, ...]] = []
    for name, node in plan.nodes.items():
        operator: Any = operators[name]
        task = node["DAG"]["Tasks"][name]
        outputs = [*outputs_of({name: task})] if graph.assets else []
        assets = {target: to_asset(target) for _, target in outputs if target and isinstance(target, str)}
        if len(rows) < MOST_ROWS:
            rows.append(task_cells(name, task, getattr(operator, "machine", None)))
        # A mapped operator has no page and no name of its own that could be set.
        is_mapped = hasattr(operator, "partial_kwargs")
        count = instance_count(task) if graph.instance_counts and not is_mapped else 1
        if count > 1 and operator.task_display_name == operator.task_id:
            set_display_name(operator, f"{name} ({count:,} instances)")
        # The operators of this package make their page when Airflow reads it.
        if not is_mapped and not isinstance(getattr(type(operator), "doc_md", None), LazyDoc):
            lines = task_lines(task)
            operator.doc_md = page(lines) if operator.doc_md is None else operator.doc_md
        for field, target in outputs:
            if is_template(target):
                warnings.warn(
                    f"{field}: found the template {str(target)!r}; expected a path, as assets have to be known when the"
                    " DAG file is parsed. It becomes no asset.",
                    JobWarning,
                    stacklevel=2,
                )
        if outputs:
            known = (asset for target, asset in assets.items() if not is_template(target))
            operator.outlets = [*operator.outlets, *known]
    head = (
        ("Job", plan.name, code),
        ("Description", plan.description, _description),
        ("File", plan.file, code),
        ("Runs as", type(execution).__name__, code),
    )
    # Airflow takes a text that ends in .md for the name of a file.
    return page(head) + table(COLUMNS, rows, len(plan.nodes)) + "\n"


def _description(text: str) -> str:
    return plain(text, 1000)
