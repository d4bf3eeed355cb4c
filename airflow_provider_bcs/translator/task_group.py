"""A BatchCompute job description as a TaskGroup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import TaskGroup

from airflow_provider_bcs.description.source import FILE_SUFFIXES, JobSource, JobSourceError
from airflow_provider_bcs.description.suggestion import did_you_mean
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
    :param bcs_conn_id: the connection of all tasks; by default that of ``default_args``, else ``bcs_default``
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
        bcs_conn_id: str | None = None,
        operator_args: Mapping[str, Any] | None = None,
        task_args: Mapping[str, Mapping[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(group_id=group_id, **kwargs)
        dag: DAG = self.dag
        plan = read_plan(job, [dag.folder, *search_path(dag.template_searchpath)])
        with self:
            self._operators = build(plan, bcs_conn_id, operator_args or {}, task_args or {})

    def __getitem__(self, task_name: str) -> BatchComputeSubmitJobOperator:
        """Return the operator of a task.

        :raises KeyError: when the job has no such task
        """
        try:
            return self._operators[task_name]
        except KeyError:
            raise KeyError(f"The job has no task {task_name!r}{did_you_mean(task_name, self._operators)}") from None


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


def build(
    plan: Plan,
    bcs_conn_id: str | None,
    operator_args: Mapping[str, Any],
    task_args: Mapping[str, Mapping[str, Any]],
) -> dict[str, BatchComputeSubmitJobOperator]:
    """Make the operators and their edges in the current DAG and TaskGroup; nodes first, in the file's order."""
    # Not given is not the same as the default: default_args may hold another connection.
    common = {**({} if bcs_conn_id is None else {"bcs_conn_id": bcs_conn_id}), **operator_args}
    for name in task_args:
        if name not in plan.nodes:
            raise ValueError(
                f"task_args names {name!r}, which is no task of job {plan.name}{did_you_mean(name, plan.nodes)}"
            )
    operators = {
        name: BatchComputeSubmitJobOperator(task_id=name, job=job, **{**common, **task_args.get(name, {})})
        for name, job in plan.nodes.items()
    }
    for name, successors in plan.edges.items():
        if successors:
            operators[name].set_downstream([operators[successor] for successor in successors])
    return operators
