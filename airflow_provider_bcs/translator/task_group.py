"""A BatchCompute job description as a TaskGroup."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import TaskGroup

from airflow_provider_bcs.batchcompute.rules import did_you_mean, job_warnings
from airflow_provider_bcs.batchcompute.source import FILE_SUFFIXES, JobSource, JobSourceError
from airflow_provider_bcs.batchcompute.violation import JobWarning
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.translator.plan import Plan, plan_job

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import DAG


class BatchComputeTaskGroup(TaskGroup):
    """One Airflow task for each task of a BatchCompute job, each submitted as a job of its own.

    The edges are exactly those of ``Dependencies``; the task ids are the task names (behind the group's prefix, as
    in any TaskGroup). ``group["count"]`` is the operator of task ``count``.

    :param group_id: id of the group
    :param job: the job description: a dict, JSON text, a path relative to the DAG file, a model, or an object with
        ``detail()``. Values may hold templates, task names and dependencies may not
    :param bcs_conn_id: the connection of all tasks
    :param operator_args: arguments of all operators, e.g. ``{"deferrable": True, "retries": 2}``
    :param task_args: arguments of single operators by task name, e.g. ``{"count": {"pool": "big"}}``
    :param kwargs: what a TaskGroup takes: ``prefix_group_id``, ``default_args``, ``tooltip`` ...
    :raises InvalidJobError: when the description breaks a rule
    """

    def __init__(
        self,
        group_id: str,
        job: JobSource,
        *,
        bcs_conn_id: str = BatchComputeHook.default_conn_name,
        operator_args: Mapping[str, Any] | None = None,
        task_args: Mapping[str, Mapping[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(group_id=group_id, **kwargs)
        plan = read_plan(job, self.dag)
        with self:
            self._operators = build(plan, {"bcs_conn_id": bcs_conn_id, **(operator_args or {})}, task_args or {})

    def __getitem__(self, task_name: str) -> BatchComputeSubmitJobOperator:
        """Return the operator of a task.

        :raises KeyError: when the job has no such task
        """
        try:
            return self._operators[task_name]
        except KeyError:
            raise KeyError(f"The job has no task {task_name!r}{did_you_mean(task_name, self._operators)}") from None


def read_plan(job: JobSource, dag: DAG | None, folder: str | None = None) -> Plan:
    """Read, validate and split a job; a relative path is looked for beside the DAG file, then in its search path."""
    source = ""
    if isinstance(job, Path) or (isinstance(job, str) and job.endswith(FILE_SUFFIXES)):
        folders = [folder or (dag.folder if dag is not None else "."), *(_search_path(dag) if dag is not None else ())]
        job = _find(Path(job), [Path(name) for name in folders])
        source = str(job)
    plan = plan_job(job, source)
    for text in job_warnings(job):
        warnings.warn(text, JobWarning, stacklevel=4)
    return plan


def _search_path(dag: DAG) -> list[str]:
    path = dag.template_searchpath
    return [path] if isinstance(path, str) else list(path or ())


def _find(path: Path, folders: list[Path]) -> Path:
    candidates = [folder / path for folder in folders]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    looked = ", ".join(str(candidate.parent) for candidate in candidates)
    raise JobSourceError(f"There is no job file {path.name} in {looked}.")


def build(
    plan: Plan, operator_args: Mapping[str, Any], task_args: Mapping[str, Mapping[str, Any]]
) -> dict[str, BatchComputeSubmitJobOperator]:
    """Make the operators and their edges in the current DAG and TaskGroup; nodes first, in the file's order."""
    for name in task_args:
        if name not in plan.nodes:
            raise ValueError(
                f"task_args names {name!r}, which is no task of job {plan.name}{did_you_mean(name, plan.nodes)}."
            )
    operators = {
        name: BatchComputeSubmitJobOperator(task_id=name, job=job, **{**operator_args, **task_args.get(name, {})})
        for name, job in plan.nodes.items()
    }
    for name, successors in plan.edges.items():
        if successors:
            operators[name].set_downstream([operators[successor] for successor in successors])
    return operators
