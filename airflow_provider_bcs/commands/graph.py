"""``airflow-bcs graph``: print the graph of a job file as text or as a Mermaid diagram."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from . import add_ignore

if TYPE_CHECKING:
    from airflow_provider_bcs.translator.plan import Plan

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``graph``."""
    parser.add_argument("file", metavar="FILE", type=Path, help="BatchCompute job file: .json, .yaml or .yml")
    parser.add_argument("--mermaid", action="store_true", help="print a Mermaid flowchart instead of text")
    add_ignore(parser)


def run(args: argparse.Namespace) -> int:
    """Print the graph; return exit code 0.

    :raises CommandError: when the file has errors or describes no BatchCompute job
    """
    from .job_file import check_graph

    plan = check_graph(args.file, ignore=args.ignore).plan()
    print("\n".join(_mermaid(plan) if args.mermaid else _text(plan)))  # noqa: T201 - the command's output
    return 0


def _text(plan: Plan) -> list[str]:
    """Return a line per task in topological order, with the task's downstream tasks."""
    lines = []
    for name in _topological(plan):
        successors = ", ".join(plan.edges.get(name, ()))
        lines.append(f"{_label(plan, name)} -> {successors}" if successors else _label(plan, name))
    return lines


def _mermaid(plan: Plan) -> list[str]:
    # Numbered ids: a task's name may be a reserved word of Mermaid, such as end.
    ids = {name: f"task{number}" for number, name in enumerate(_topological(plan), start=1)}
    return [
        "flowchart LR",
        *(f'    {ids[name]}["{_escaped(_label(plan, name))}"]' for name in ids),
        *(f"    {ids[name]} --> {ids[successor]}" for name in ids for successor in plan.edges.get(name, ())),
    ]


def _topological(plan: Plan) -> list[str]:
    """Return the tasks, each after its upstream tasks; tasks of the same rank in the order of the file."""
    order = {name: number for number, name in enumerate(plan.nodes)}
    sorter = TopologicalSorter(dict.fromkeys(order, ()))
    for name, successors in plan.edges.items():
        for successor in successors:
            sorter.add(successor, name)
    sorter.prepare()
    found: list[str] = []
    while sorter:
        step = sorted(sorter.get_ready(), key=order.__getitem__)
        sorter.done(*step)
        found += step
    return found


def _label(plan: Plan, name: str) -> str:
    task = plan.nodes[name]["DAG"]["Tasks"][name]
    # A task that is one template as a whole has no InstanceCount before Airflow renders it.
    count = task["InstanceCount"] if isinstance(task, Mapping) else 1
    return name if count == 1 else f"{name} ({count} instances)"


def _escaped(label: str) -> str:
    return re.sub(r"[^\w\s().-]", lambda found: f"#{ord(found[0])};", label)
