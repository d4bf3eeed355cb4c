"""Write a plan as a DAG file that an author can go on with."""

from __future__ import annotations

import builtins
import itertools
import keyword
import re
import textwrap
from collections.abc import Collection, Iterable
from typing import Any

from airflow_provider_bcs.batchcompute.rules import job_warnings, validate_job
from airflow_provider_bcs.description.ignore import is_ignored, path_of_warning

from .plan import CARRIED_OVER, Plan
from .python_literal import bracketed, literal

# The narrowest width in use. A formatter of any wider one keeps lines that fit here, and lists that end in a comma.
_WIDTH = 88
_MAX_VARIABLE = 40
_OPERATOR = "BatchComputeSubmitJobOperator"
# A variable "l" looks like a 1, and linters say so.
_RESERVED = {*dir(builtins), *keyword.kwlist, *keyword.softkwlist, "dag", "pendulum", "l"}


def dag_file(plan: Plan, source: str, ignore: Collection[str] = ()) -> str:
    """Return Python code of a DAG with the tasks, jobs and edges that :func:`~.dag.job_to_dag` makes of the same job.

    Values of the job are literals in it, a text always in one piece. The layout is that of ``ruff format``.

    :param source: the name of the file that the job was read from
    :param ignore: fields that the checks have passed over; the operators in whose jobs they occur pass over them too
    """
    variables = _variables(plan.nodes)
    first = next(iter(plan.nodes.values()))
    shared = {name: first[name] for name in CARRIED_OVER if name in first} if len(plan.nodes) > 1 else {}
    arguments = [
        literal(plan.dag_id),
        *([f"description={literal(plan.description)}"] if plan.description else []),
        "schedule=None",
        'start_date=pendulum.datetime(2015, 11, 11, tz="UTC")',
        # Says nothing until an author writes a schedule; Airflow 2 would then catch up since the start date.
        "catchup=False",
    ]
    code = [
        "import pendulum\nfrom airflow.providers.common.compat.sdk import DAG",
        f"from airflow_provider_bcs.operators.batchcompute import {_OPERATOR}\n",
        *([f"# Fields that the jobs of all tasks share.\nJOB = {literal(shared)}\n"] if shared else []),
        f"with DAG{bracketed('(', arguments, ')', 0)} as dag:",
        *(_operator(variables[name], name, plan, shared, ignore) for name in plan.nodes),
    ]
    edges = [
        _edge(variables[name], [variables[successor] for successor in successors])
        for name, successors in plan.edges.items()
        if successors
    ]
    return "\n".join([_docstring(plan, source), *code, *(["", *edges] if edges else []), ""])


def _docstring(plan: Plan, source: str) -> str:
    paragraphs = [
        f"The BatchCompute job {plan.name} as an Airflow DAG.",
        plan.description,
        f"Written by airflow-bcs translate from {source}.",
    ]
    text = "\n\n".join(filter(None, map(_prose, paragraphs)))
    return f'"""{text}\n"""\n'


def _prose(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    lines = "\n".join(textwrap.wrap(" ".join(printable.split()), _WIDTH))
    return lines.replace("\\", "\\\\").replace('"""', "'''")


def _operator(variable: str, name: str, plan: Plan, shared: Iterable[str], ignore: Collection[str]) -> str:
    node = plan.nodes[name]
    own = [f"{literal(field)}: {literal(value, 3)}" for field, value in node.items() if field not in shared]
    job = [own[0], "**JOB", *own[1:]] if shared else own
    arguments = [f"task_id={literal(name)}", f"job={bracketed('{', job, '}', 2)}"]
    if ignored := _ignored(node.content, ignore):
        arguments.append(f"ignore={literal(ignored, 2)}")
    return f"    {variable} = {_OPERATOR}{bracketed('(', arguments, ')', 1)}"


def _ignored(job: dict[str, Any], ignore: Collection[str]) -> list[str]:
    """Return the names in ``ignore`` that stand for a finding in a job: an operator warns of others."""
    if not ignore:
        return []
    found = [*(violation.path for violation in validate_job(job)), *map(path_of_warning, job_warnings(job))]
    return [name for name in ignore if any(is_ignored(path, [name]) for path in found)]


def _edge(variable: str, successors: list[str]) -> str:
    targets = successors[0] if len(successors) == 1 else f"[{', '.join(successors)}]"
    line = f"    {variable} >> {targets}"
    return line if len(line) <= _WIDTH else f"    {variable} >> {bracketed('[', successors, ']', 1)}"


def _variables(names: Iterable[str]) -> dict[str, str]:
    """Return a variable for each task: its name in lower case, with what Python and this file use avoided."""
    found: dict[str, str] = {}
    taken = set(_RESERVED)
    for name in names:
        words = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
        variable = words[:_MAX_VARIABLE].strip("_")
        if not variable or variable[0].isdigit():
            variable = f"task_{variable}".rstrip("_")
        if variable in _RESERVED:
            variable += "_"
        numbered = (f"{variable.rstrip('_')}_{number}" for number in itertools.count(2))
        found[name] = next(item for item in itertools.chain([variable], numbered) if item not in taken)
        taken.add(found[name])
    return found
