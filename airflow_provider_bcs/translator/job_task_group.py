"""A TaskGroup that is wired in Airflow and runs as one BatchCompute job."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.translator.copied_task_group import CopiedTaskGroup
from airflow_provider_bcs.translator.execution.job_setup_teardown import JobSetupTeardown, set_edges
from airflow_provider_bcs.translator.graph_arguments import GraphArguments

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import TaskGroupArguments


class BatchComputeJobTaskGroup(CopiedTaskGroup):
    """Submit the ``BatchComputeTaskOperator`` that are made and wired inside the group as ONE BatchCompute job.

    The author writes Airflow, the service runs one DAG: the operators and the edges between them become its tasks and
    Dependencies, and each operator follows its task. ::

        with BatchComputeJobTaskGroup("primes", job={"Name": "find-primes", "Priority": 10}):
            split = BatchComputeTaskOperator(task_id="split", task={...})
            find = BatchComputeTaskOperator(task_id="find", task={...})
            split >> find

    :param group_id: id of the group
    :param job: the job's own fields in the service's JSON, without ``DAG``; Name is the group's id by default
    :param bcs_conn_id: the connection of all tasks; by default that of ``default_args``, else ``bcs_default``
    :param operator_args: arguments of the two tasks around the others, which submit and stop the job
    :param ignore: fields that the checks of the job pass over, such as ``Timeout``
    :param kwargs: what a TaskGroup takes: ``prefix_group_id``, ``default_args``, ``tooltip`` ...
    """

    kept = ("_job", "_arguments", "_submit_task_id", "_stop_task_id")

    def __init__(
        self,
        group_id: str,
        *,
        job: Mapping[str, Any] | None = None,
        bcs_conn_id: str | None = None,
        operator_args: Mapping[str, Any] | None = None,
        ignore: Collection[str] = (),
        **kwargs: Unpack[TaskGroupArguments],
    ) -> None:
        if bcs_conn_id is not None:
            kwargs["default_args"] = {**(kwargs.get("default_args") or {}), "bcs_conn_id": bcs_conn_id}
        # Airflow 3's type of default_args is an unbound variable.
        super().__init__(group_id=group_id, **kwargs)  # type: ignore[arg-type]
        self._job = {"Name": group_id, "Type": "DAG", **(job or {})}
        self._arguments = GraphArguments(operator_args=operator_args or {}, ignore=ignore)
        self._submit_task_id: str | None = None
        self._stop_task_id: str | None = None

    @property
    def submit_task_id(self) -> str | None:
        """Id of the task that submits the job; None before the group is entered."""
        return self._submit_task_id

    def __enter__(self) -> BatchComputeJobTaskGroup:
        super().__enter__()
        if self._submit_task_id is None:
            around = JobSetupTeardown(self._job, self._arguments)
            self._submit_task_id, self._stop_task_id = around.submit.task_id, around.stop.task_id
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)  # type: ignore[no-untyped-call]
        if self._submit_task_id is None or self._stop_task_id is None or error is not None:
            return
        following: list[BatchComputeTaskOperator] = []
        tasks: dict[str, Any] = self.dag.task_dict
        for op in tasks.values():
            if isinstance(op, BatchComputeTaskOperator) and op.submit_task_id == self.submit_task_id:
                following.append(op)
            elif op.task_id in self.children and isinstance(op, BatchComputeSubmitJobOperator):
                raise ValueError(
                    f"Task {op.task_id}: found a {op.task_type}, which submits a job of its own; expected a"
                    f" BatchComputeTaskOperator in a {type(self).__name__}."
                )
        inside = {op.task_id for op in following}
        # An edge that is added later changes the job, and leaves at most one edge of these too many.
        first = [op for op in following if not op.upstream_task_ids & inside]
        set_edges(tasks[self._submit_task_id], tasks[self._stop_task_id], first, following)
