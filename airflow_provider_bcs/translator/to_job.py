"""From Airflow operators to one BatchCompute job description: the way back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow.providers.common.compat.sdk import DAG, TaskGroup

from airflow_provider_bcs.batchcompute.source import read_job
from airflow_provider_bcs.batchcompute.validation import validate_job
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
from airflow_provider_bcs.translator.plan import CARRIED_OVER

#: Operators around the tasks of a graph, which no job holds.
_AROUND = (BatchComputeStopJobOperator, BatchComputeCreateClusterOperator, BatchComputeDeleteClusterOperator)


@dataclass(frozen=True)
class _Part:
    """What one operator adds to the job.

    :ivar tasks: the tasks, by name
    :ivar edges: the edges between these
    """

    tasks: Mapping[str, Any]
    edges: Mapping[str, list[str]]

    @property
    def first(self) -> list[str]:
        """The tasks that wait for no other of this part."""
        behind = {name for names in self.edges.values() for name in names}
        return [name for name in self.tasks if name not in behind]

    @property
    def last(self) -> list[str]:
        """The tasks that no other of this part waits for."""
        return [name for name in self.tasks if not self.edges.get(name)]


def task_group_to_job(group: TaskGroup | DAG, /, **fields: Any) -> dict[str, Any]:
    """Make one job description of the BatchCompute operators in a group and of the edges between them.

    What :class:`~.task_group.BatchComputeTaskGroup` was made of comes out again. In any other TaskGroup, or a DAG, the
    job's own fields are those that its operators' jobs have in common.

    :param group: a TaskGroup, groups inside it included, or a DAG
    :param fields: fields of the job: ``Name``, ``Priority`` ...
    :raises InvalidJobError: when the job breaks a rule; more than 16 tasks break none here
    :raises ValueError: when the group holds something that a BatchCompute job cannot
    """
    if isinstance(group, DAG):
        group = group.task_group
    operators = dict(_operators(group))
    whole: Mapping[str, Any] | None = getattr(group, "job_description", None)
    submits = [op for op in operators.values() if isinstance(op, BatchComputeSubmitGraphOperator)]
    if submits:
        if len(submits) > 1:
            raise ValueError(f"{_called(group)} submits {len(submits)} jobs; right is a group that submits one.")
        whole = submits[0].with_secrets()
        parts = {
            task_id: _followed(op) for task_id, op in operators.items() if isinstance(op, BatchComputeTaskOperator)
        }
        known = {*parts, submits[0].task_id}
    else:
        parts = {task_id: _submitted(op) for task_id, op in operators.items() if _is_submitted(op)}
        known = set(parts)
    for task_id, op in operators.items():
        if task_id not in known and not isinstance(op, _AROUND):
            raise ValueError(
                f"Task {task_id} is a {op.task_type}; a BatchCompute job can be made of BatchCompute operators only."
            )
    if not parts:
        raise ValueError(f"{_called(group)} holds no BatchCompute task.")
    if whole is None:
        jobs = {task_id: _job(operators[task_id]) for task_id in parts}
        whole = {**_common_fields(group, jobs, fields), "DAG": {}}
    job = _assemble({**whole, **fields}, parts, operators)
    if violations := validate_job(job, max_tasks=False):
        raise InvalidJobError(violations, _called(group))
    return job


def submitted_job(submit: BatchComputeSubmitGraphOperator) -> dict[str, Any]:
    """Make the job that an operator submits for those that follow it.

    :raises ValueError: when what is wired cannot be kept by a BatchCompute job
    """
    operators: dict[str, Any] = submit.dag.task_dict
    parts = {
        task_id: _followed(op)
        for task_id, op in operators.items()
        if isinstance(op, BatchComputeTaskOperator) and op.submit_task_id == submit.task_id
    }
    problems = [
        problem
        for task_id in parts
        for problem in _not_kept(operators[task_id], submit, inside={*parts, submit.task_id})
    ]
    if problems:
        raise ValueError("\n".join(problems))
    return _assemble(submit.with_secrets(), parts, operators)


def _not_kept(operator: Any, submit: BatchComputeSubmitGraphOperator, inside: Collection[str]) -> Iterator[str]:
    """Say what the service would not do as Airflow shows it."""
    for outside in sorted(operator.upstream_task_ids - set(inside)):
        yield (
            f"Task {operator.task_id} waits for {outside}, which is not part of the job that {submit.task_id} submits,"
            f" and the service would not wait for it; right is {outside} before {submit.task_id}, or run_as='jobs'."
        )
    for name, value in operator.params.dump().items():
        if name not in submit.params or submit.params[name] != value:
            yield (
                f"Task {operator.task_id} has the parameter {name!r} for itself, but templates of the job are rendered"
                f" in {submit.task_id}; right is a parameter of the DAG, or of all tasks."
            )
    yield from _no_other_rule(operator)


def _assemble(whole: Mapping[str, Any], parts: Mapping[str, _Part], operators: Mapping[str, Any]) -> dict[str, Any]:
    tasks: dict[str, Any] = {}
    owner: dict[str, str] = {}
    edges: dict[str, list[str]] = {}
    for task_id, part in parts.items():
        for problem in _no_other_rule(operators[task_id]):
            raise ValueError(problem)
        for name, task in part.tasks.items():
            if name in tasks:
                raise ValueError(
                    f"Tasks {owner[name]} and {task_id} both have a BatchCompute task {name!r}; rename one."
                )
            tasks[name], owner[name] = task, task_id
            edges[name] = list(part.edges.get(name, ()))
    order = {task_id: number for number, task_id in enumerate(parts)}
    for task_id, part in parts.items():
        below = [
            parts[other]
            for other in sorted(operators[task_id].downstream_task_ids & parts.keys(), key=order.__getitem__)
        ]
        for name in part.last:
            edges[name] += [first for other in below for first in other.first]
    dag = dict(whole.get("DAG") or {})
    dependencies = _dependencies(edges, dag.get("Dependencies"))
    return {**whole, "DAG": {**dag, "Tasks": tasks, **({} if dependencies is None else {"Dependencies": dependencies})}}


def _dependencies(edges: Mapping[str, list[str]], before: Mapping[str, Any] | None) -> dict[str, list[str]] | None:
    """Return the edges, in the order and wording of the description they came from."""
    kept = {
        name: [successor for successor in successors if successor in edges.get(name, ())]
        for name, successors in (before or {}).items()
        if name in edges
    }
    for name, successors in edges.items():
        added = [successor for successor in dict.fromkeys(successors) if successor not in kept.get(name, ())]
        if added:
            kept.setdefault(name, []).extend(added)
    return None if before is None and not kept else kept


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
        raise ValueError(f"The job of task {operator.task_id} is known only once its template is rendered.")
    return read_job(operator.with_secrets())


def _submitted(operator: Any) -> _Part:
    dag = _job(operator).get("DAG")
    if not isinstance(dag, Mapping):
        raise ValueError(f"The job of task {operator.task_id} is no job of Type DAG.")
    return _Part(dag["Tasks"], {name: list(names) for name, names in (dag.get("Dependencies") or {}).items()})


def _followed(operator: BatchComputeTaskOperator) -> _Part:
    if operator.task_description is None:
        raise ValueError(f"Task {operator.task_id} does not say what it does: it needs task={{...}}.")
    return _Part({operator.task_name: read_job(operator.task_description)}, {})


def _no_other_rule(operator: Any) -> Iterator[str]:
    rule = str(getattr(operator.trigger_rule, "value", operator.trigger_rule))
    if rule != "all_success":
        yield (
            f"Task {operator.task_id} has trigger_rule {rule!r}; in a BatchCompute job a task starts when all before"
            " it have finished ('all_success')."
        )


def _common_fields(group: TaskGroup, jobs: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    common: dict[str, Any] = {"Name": _common_name(jobs.values()) or (group.group_id or group.dag.dag_id)}
    for field in CARRIED_OVER:
        (first, value), *others = ((task_id, job.get(field)) for task_id, job in jobs.items())
        for task_id, other in others:
            if other != value and field not in given:
                raise ValueError(
                    f"{field} is {value!r} in the job of {first} and {other!r} in that of {task_id};"
                    f" say which one the whole job has: task_group_to_job(group, {field}=...)."
                )
        if value is not None:
            common[field] = value
    return common


def _common_name(jobs: Iterable[Mapping[str, Any]]) -> str:
    """Return what the names of translated jobs begin with, "" where that is not one text."""
    names = {job["Name"].removesuffix(f"-{task}") for job in jobs for task in job["DAG"]["Tasks"]}
    return names.pop() if len(names) == 1 else ""


def _called(group: TaskGroup) -> str:
    return f"The task group {group.group_id}" if group.group_id else f"The DAG {group.dag.dag_id}"
