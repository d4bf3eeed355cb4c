"""Make the operators of a plan and their edges in the current DAG and TaskGroup."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard, TypeVar, cast

from airflow_provider_bcs.description.source import FILE_SUFFIXES, JobSource
from airflow_provider_bcs.description.violation import JobWarning
from airflow_provider_bcs.exceptions import DescriptionError, JobSourceError
from airflow_provider_bcs.short_errors import at_dag_line
from airflow_provider_bcs.translator.execution.protocol import Execution
from airflow_provider_bcs.translator.plan import Plan, plan_job
from airflow_provider_bcs.translator.shown import show

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

    from airflow_provider_bcs.translator.graph_arguments import GraphArguments

F = TypeVar("F", bound=Callable[..., Any])


def at_file_line(function: F) -> F:
    """Decorate a function that a DAG file calls, so that errors of a job file name its lines."""

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except DescriptionError as error:
            # An author looks at import errors only: no other parse of the DAG file reads the file for its lines.
            from airflow_provider_bcs.batchcompute.file_lines import in_its_file

            raise in_its_file(error) from None

    return cast("F", called)


class Built(NamedTuple):
    """Result of a build.

    :ivar operators: task name -> its operator, and the execution's other operators by their own names
    :ivar page: a page in Markdown about the graph
    """

    operators: Mapping[str, BaseOperator]
    page: str


@at_dag_line
@at_file_line
def read_plan(job: JobSource, folders: list[str], ignore: Collection[str] = ()) -> Plan:
    """Read, validate and split a job; a relative path is looked for in ``folders``.

    :param ignore: fields that the checks pass over
    """
    source = file = ""
    if is_file(job):
        file = file_name(job, folders[0])
        job = _find(Path(job), folders)
        source = str(job)
    return plan_job(job, source, ignore, file=file)


def is_file(job: JobSource) -> TypeGuard[str | Path]:
    """Return whether a job is given as the path of a file."""
    return isinstance(job, Path) or (isinstance(job, str) and job.endswith(FILE_SUFFIXES))


def search_path(path: str | Iterable[str] | None) -> list[str]:
    """Return a DAG's ``template_searchpath`` as a list."""
    return [path] if isinstance(path, str) else list(path or ())


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


def _find(path: Path, folders: list[str]) -> Path:
    for folder in folders:
        if (candidate := Path(folder, path)).is_file():
            return candidate
    # The folder of a packaged DAG is the zip file.
    packaged = [folder for folder in folders if Path(folder).is_file()]
    advice = (
        f" {packaged[0]} is a packaged DAG, and a file in a zip is not read: use template_searchpath."
        if packaged
        else ""
    )
    raise JobSourceError(f"There is no job file {path} in {', '.join(folders)}.{advice}")


@at_dag_line
@at_file_line
def build(plan: Plan, execution: Execution, graph: GraphArguments) -> Built:
    """Make the operators and their edges; nodes first, in the file's order."""
    operators = execution.operators(plan, graph)
    _check_operators(operators, plan, f"{type(execution).__name__}.operators")
    graph.check_names(plan.name, operators)
    _warn_of_ignored(operators.values())
    for name, successors in plan.edges.items():
        # What set_downstream does between two operators; but each of its calls takes a hash of the whole DAG.
        for successor in successors:
            operators[name].downstream_task_ids.add(operators[successor].task_id)
            operators[successor].upstream_task_ids.add(operators[name].task_id)
    return Built(operators, show(operators, plan, execution, graph))


def _warn_of_ignored(operators: Iterable[Any]) -> None:
    """Warn of names in ``ignore`` that stand for nothing in any job of the graph."""
    jobs = [op for op in operators if getattr(op, "ignore", ()) and hasattr(op, "unknown_ignored")]
    unknown = [op.unknown_ignored(op.with_secrets()) for op in jobs if isinstance(op.with_secrets(), Mapping)]
    for name, text in (unknown[0] if unknown else {}).items():
        if all(name in others for others in unknown):
            warnings.warn(text, JobWarning, stacklevel=2)


def _check_operators(operators: Any, plan: Plan, source: str) -> None:
    if not isinstance(operators, Mapping):
        raise TypeError(f"{source}: found {operators!r}; expected a dict of task names and their operators.")
    names: dict[str, str] = {}
    for name in plan.nodes:
        if name not in operators:
            raise TypeError(f"{source}: found no operator of task {name!r}; expected one of each task.")
        if not hasattr(found := operators[name], "downstream_task_ids") or not hasattr(found, "task_id"):
            raise TypeError(
                f"{source}: found {found!r} of task {name!r}; expected an operator, which a TaskFlow task has in"
                " .operator."
            )
        if (other := names.setdefault(found.task_id, name)) != name:
            raise TypeError(
                f"{source}: found operator {found.task_id!r} of both {other!r} and {name!r}; expected one of each task."
            )


@at_dag_line
def check_execution(execution: Execution, others: Mapping[str, Any]) -> None:
    """Check the execution of a graph.

    :param others: keyword arguments that the graph itself does not know
    :raises TypeError: when it is no execution, or when an argument of an execution is given to the graph
    """
    if isinstance(execution, type) or not callable(getattr(execution, "operators", None)):
        raise TypeError(
            f"execution: found {execution!r}; expected an object such as JobPerTask(), SingleJob() or"
            " PaiDlc(images=...) of airflow_provider_bcs.translator."
        )
    if found := [name for name in ("cluster", "images", "instance_types") if name in others]:
        name = "JobPerTask" if "cluster" in found else "PaiDlc"
        arguments = ", ".join(f"{field}=..." for field in found if (field == "cluster") == ("cluster" in found))
        raise TypeError(
            f"Found the argument{'s' if len(found) > 1 else ''} {', '.join(found)}; expected"
            f" execution={name}({arguments}), with {name} from airflow_provider_bcs.translator."
        )
