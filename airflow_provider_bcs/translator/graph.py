"""Make the operators of a plan and their edges in the current DAG and TaskGroup."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_bcs.description.source import FILE_SUFFIXES, JobSource
from airflow_provider_bcs.exceptions import JobSourceError
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.translator.as_job import as_job
from airflow_provider_bcs.translator.assets import output_assets
from airflow_provider_bcs.translator.plan import Plan, plan_job

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

    from airflow_provider_bcs.translator.arguments import Arguments


def read_plan(job: JobSource, folders: list[str]) -> Plan:
    """Read, validate and split a job; a relative path is looked for in ``folders``."""
    source = ""
    if isinstance(job, Path) or (isinstance(job, str) and job.endswith(FILE_SUFFIXES)):
        job = _find(Path(job), folders)
        source = str(job)
    return plan_job(job, source)


def search_path(path: str | Iterable[str] | None) -> list[str]:
    """Return a DAG's ``template_searchpath`` as a list."""
    return [path] if isinstance(path, str) else list(path or ())


def _find(path: Path, folders: list[str]) -> Path:
    for folder in folders:
        if (candidate := Path(folder, path)).is_file():
            return candidate
    raise JobSourceError(f"There is no job file {path} in {', '.join(folders)}.")


def build(plan: Plan, arguments: Arguments) -> Mapping[str, BaseOperator]:
    """Make the operators and their edges; nodes first, in the file's order.

    :return: task name -> its operator
    """
    arguments.check(plan.name, plan.nodes)
    own = None
    # Jobs of PAI-DLC run on no cluster of BatchCompute.
    if arguments.cluster is not None and arguments.run_as != "dlc":
        from airflow_provider_bcs.translator.own_cluster import OwnCluster

        own = OwnCluster(arguments.cluster, plan, arguments)
        plan = own.moved(plan)
    operators = _AS[arguments.run_as](plan, arguments)
    for name, successors in plan.edges.items():
        # What set_downstream does between two operators; but each of its calls takes a hash of the whole DAG.
        for successor in successors:
            operators[name].downstream_task_ids.add(operators[successor].task_id)
            operators[successor].upstream_task_ids.add(operators[name].task_id)
    if own:
        own.tie()
    if arguments.assets:
        for name, node in plan.nodes.items():
            operators[name].outlets = [*operators[name].outlets, *output_assets(node)]
    return operators


def _as_jobs(plan: Plan, arguments: Arguments) -> dict[str, BaseOperator]:
    return {
        name: BatchComputeSubmitJobOperator(task_id=name, job=job, **arguments.of(name))
        for name, job in plan.nodes.items()
    }


def _as_dlc(plan: Plan, arguments: Arguments) -> dict[str, BaseOperator]:
    from airflow_provider_bcs.translator.as_dlc import dlc_operators

    return dlc_operators(plan, arguments)


_AS: dict[str, Callable[[Plan, Arguments], dict[str, BaseOperator]]] = {
    "jobs": _as_jobs,
    "job": as_job,
    "dlc": _as_dlc,
}
