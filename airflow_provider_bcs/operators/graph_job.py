"""One job of the operators that are wired behind the one that submits it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_bcs.batchcompute.job import read_job
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.operators.submit_job import SubmitJobOperator

__all__ = ["Part", "assemble", "followed_part", "submitted_job"]


@dataclass(frozen=True)
class Part:
    """The part of a job that one operator adds.

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


def submitted_job(submit: SubmitJobOperator[BatchComputeHook]) -> dict[str, Any]:
    """Make the job that an operator submits for the operators that follow its tasks.

    :raises ValueError: when what is wired cannot be kept by a BatchCompute job
    """
    operators: dict[str, Any] = submit.dag.task_dict
    parts = {
        task_id: followed_part(op)
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
    return assemble(submit.with_secrets(), parts, operators)


def _not_kept(operator: Any, submit: SubmitJobOperator[BatchComputeHook], inside: Collection[str]) -> Iterator[str]:
    """Yield what the service would not do as Airflow shows it."""
    for outside in sorted(operator.upstream_task_ids - set(inside)):
        yield (
            f"Task {operator.task_id} waits for {outside}, which is not part of the job that {submit.task_id} submits."
            f" The service would not wait for it; expected {outside} before {submit.task_id}, or"
            " execution=JobPerTask()."
        )
    for name, value in operator.params.dump().items():
        if name not in submit.params or submit.params[name] != value:
            yield (
                f"params of task {operator.task_id}: found {name!r} for this task alone; expected a parameter of the"
                f" DAG, or of all tasks, as the templates of the job are rendered in {submit.task_id}."
            )
    yield from _no_other_rule(operator)


def assemble(whole: Mapping[str, Any], parts: Mapping[str, Part], operators: Mapping[str, Any]) -> dict[str, Any]:
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


def followed_part(operator: BatchComputeTaskOperator) -> Part:
    if operator.task_description is None:
        raise ValueError(
            f"Task {operator.task_id}: found no task; expected task={{...}}, the BatchCompute task as JSON."
        )
    return Part({operator.task_name: read_job(operator.task_description)}, {})


def _no_other_rule(operator: Any) -> Iterator[str]:
    rule = str(getattr(operator.trigger_rule, "value", operator.trigger_rule))
    if rule != "all_success":
        yield (
            f"trigger_rule of task {operator.task_id}: found {rule!r}; expected 'all_success', as the service starts a"
            " task when all tasks before it have finished."
        )
