"""From Airflow operators to one BatchCompute job description: the way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from airflow.providers.common.compat.sdk import DAG, TaskGroup

from airflow_provider_bcs.batchcompute.job import read_job
from airflow_provider_bcs.batchcompute.rules import validate_job
from airflow_provider_bcs.description.ignore import not_ignored
from airflow_provider_bcs.exceptions import InvalidJobError
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_cluster import (
    BatchComputeCreateClusterOperator,
    BatchComputeDeleteClusterOperator,
)
from airflow_provider_bcs.operators.batchcompute_graph import BatchComputeSubmitGraphOperator
from airflow_provider_bcs.operators.batchcompute_job import BatchComputeStopJobOperator
from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.operators.graph_job import Part, assemble, followed_part
from airflow_provider_bcs.translator.plan import CARRIED_OVER

if TYPE_CHECKING:
    from typing_extensions import Unpack

#: Setup and teardown operators of a graph, which are no tasks of a job.
_AROUND = (BatchComputeStopJobOperator, BatchComputeCreateClusterOperator, BatchComputeDeleteClusterOperator)


class JobFields(TypedDict, total=False):
    """Fields of a BatchCompute job that its tasks and their edges do not give."""

    Name: str
    Description: str
    Type: str
    Priority: int | str
    JobFailOnInstanceFail: bool | str
    AutoRelease: bool | str
    Notification: Mapping[str, Any]


def task_group_to_job(group: TaskGroup | DAG, /, **fields: Unpack[JobFields]) -> dict[str, Any]:
    """Make one job description of the BatchCompute operators in a group and of the edges between them.

    A :class:`~.task_group.BatchComputeTaskGroup` gives the description that it was made of. For any other TaskGroup, or
    a DAG, the job's own fields are those that its operators' jobs have in common. Example::

        job = task_group_to_job(dag, Name="nightly", Priority=10)

    :param group: a TaskGroup, groups inside it included, or a DAG
    :param fields: fields of the job: ``Name``, ``Priority`` ...
    :raises InvalidJobError: when the job breaks a rule in a field that the operators do not ignore; more than 16 tasks
        break none here
    :raises ValueError: when the group holds something that a BatchCompute job cannot
    """
    if isinstance(group, DAG):
        group = group.task_group
    operators = dict(_operators(group))
    whole: Mapping[str, Any] | None = getattr(group, "job_description", None)
    submits = [op for op in operators.values() if isinstance(op, BatchComputeSubmitGraphOperator)]
    if submits:
        if len(submits) > 1:
            raise ValueError(f"{_called(group)}: found {len(submits)} submitted jobs; expected one.")
        whole = submits[0].with_secrets()
        parts = {
            task_id: followed_part(op) for task_id, op in operators.items() if isinstance(op, BatchComputeTaskOperator)
        }
        known = {*parts, submits[0].task_id}
    else:
        parts = {task_id: _submitted(op) for task_id, op in operators.items() if _is_submitted(op)}
        known = set(parts)
    for task_id, op in operators.items():
        if task_id not in known and not isinstance(op, _AROUND):
            raise ValueError(
                f"Task {task_id}: found a {op.task_type}; expected BatchCompute operators only, as a job has no other."
            )
    if not parts:
        raise ValueError(f"{_called(group)}: found no BatchCompute task; expected at least one.")
    if whole is None:
        jobs = {task_id: _job(operators[task_id]) for task_id in parts}
        whole = {**_common_fields(group, jobs, fields), "DAG": {}}
    job = assemble({**whole, **fields}, parts, operators)
    ignore = [name for op in operators.values() for name in getattr(op, "ignore", ())]
    if violations := not_ignored(validate_job(job, max_tasks=False), ignore):
        raise InvalidJobError(violations, _called(group))
    return job


def _operators(group: TaskGroup) -> Iterator[tuple[str, Any]]:
    child: Any
    for child in group.children.values():
        if isinstance(child, TaskGroup):
            yield from _operators(child)
        else:
            yield child.task_id, child


def _is_submitted(operator: Any) -> bool:
    return isinstance(operator, (BatchComputeSubmitJobOperator, BatchComputeTaskOnDlcOperator))


def _job(operator: Any) -> dict[str, Any]:
    operator.resolve_template_files()
    if isinstance(operator.job, str):
        raise ValueError(
            f"The job of task {operator.task_id}: found a template for the whole job; expected a job that is known now."
        )
    return read_job(operator.with_secrets())


def _submitted(operator: Any) -> Part:
    dag = _job(operator).get("DAG")
    if not isinstance(dag, Mapping):
        raise ValueError(f"The job of task {operator.task_id}: found a job without DAG; expected a job of Type DAG.")
    return Part(dag["Tasks"], {name: list(names) for name, names in (dag.get("Dependencies") or {}).items()})


def _common_fields(group: TaskGroup, jobs: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    common: dict[str, Any] = {"Name": _common_name(jobs.values()) or (group.group_id or group.dag.dag_id)}
    for field in CARRIED_OVER:
        (first, value), *others = ((task_id, job.get(field)) for task_id, job in jobs.items())
        for task_id, other in others:
            if other != value and field not in given:
                raise ValueError(
                    f"{field}: found {value!r} in the job of {first} and {other!r} in that of {task_id}; expected one"
                    f" for the whole job, such as task_group_to_job(group, {field}=...)."
                )
        if value is not None:
            common[field] = value
    return common


def _common_name(jobs: Iterable[Mapping[str, Any]]) -> str:
    """Return the common beginning of the names of translated jobs, "" when they have none."""
    names = {job["Name"].removesuffix(f"-{task}") for job in jobs for task in job["DAG"]["Tasks"]}
    return names.pop() if len(names) == 1 else ""


def _called(group: TaskGroup) -> str:
    return f"The task group {group.group_id}" if group.group_id else f"The DAG {group.dag.dag_id}"
