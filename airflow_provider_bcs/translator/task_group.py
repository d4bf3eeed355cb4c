"""A BatchCompute job description as a TaskGroup."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.description.secrets import without_secrets
from airflow_provider_bcs.description.source import JobSource
from airflow_provider_bcs.description.violation import did_you_mean
from airflow_provider_bcs.translator.copied_task_group import CopiedTaskGroup
from airflow_provider_bcs.translator.execution.job_per_task import JobPerTask
from airflow_provider_bcs.translator.execution.protocol import Execution
from airflow_provider_bcs.translator.graph import build, check_execution, read_plan, search_path
from airflow_provider_bcs.translator.graph_arguments import GraphArguments

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import DAG, BaseOperator
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import TaskGroupArguments


class BatchComputeTaskGroup(CopiedTaskGroup):
    """One Airflow task for each task of a BatchCompute job.

    The edges are exactly those of ``Dependencies``; the task ids are the task names (behind the group's prefix, as
    in any TaskGroup). ``group["count"]`` is the operator of task ``count``. Example::

        with DAG("report", schedule=None):
            primes = BatchComputeTaskGroup("primes", "find_primes.json", operator_args={"retries": 2})
            primes >> send_report()

    The parameters from ``bcs_conn_id`` to ``ignore`` are those of
    :class:`~airflow_provider_bcs.translator.GraphArguments`.

    :param group_id: id of the group
    :param job: the job description: a dict, JSON text, a path relative to the DAG file, a model, or an object with
        ``detail()``. Values may hold templates, task names and dependencies may not
    :param execution: the way to run the tasks: :class:`~airflow_provider_bcs.translator.JobPerTask`,
        :class:`~airflow_provider_bcs.translator.SingleJob`, :class:`~airflow_provider_bcs.translator.PaiDlc`, or one of
        your own
    :param kwargs: arguments of the TaskGroup: ``prefix_group_id``, ``default_args``, ``tooltip`` ... Unless given,
        ``tooltip`` is the job's description
    :raises InvalidJobError: when the description breaks a rule
    :raises UnknownArgumentError: when no operator has an argument in ``operator_args`` or ``task_args``
    """

    kept = ("_plan", "_task_ids")

    def __init__(
        self,
        group_id: str,
        job: JobSource,
        *,
        execution: Execution = JobPerTask(),
        bcs_conn_id: str | None = None,
        operator_args: Mapping[str, Any] | None = None,
        task_args: Mapping[str, Mapping[str, Any]] | None = None,
        assets: bool = False,
        instance_counts: bool = True,
        package: str | os.PathLike[str] | None = None,
        package_uri: str | None = None,
        require_outputs: bool | None = None,
        ignore: Collection[str] = (),
        **kwargs: Unpack[TaskGroupArguments],
    ) -> None:
        check_execution(execution, kwargs)
        graph = GraphArguments(
            bcs_conn_id=bcs_conn_id,
            operator_args=operator_args or {},
            task_args=task_args or {},
            assets=assets,
            instance_counts=instance_counts,
            package=package,
            package_uri=package_uri,
            require_outputs=require_outputs,
            ignore=ignore,
        )
        # Airflow 3's type of default_args is an unbound variable.
        super().__init__(group_id=group_id, **kwargs)  # type: ignore[arg-type]
        dag: DAG = self.dag
        folders = [dag.folder, *search_path(dag.template_searchpath)]
        self._plan = read_plan(job, folders, graph.ignored(*getattr(execution, "ignore", ())))
        with self:
            built = build(self._plan, execution, graph)
        self.tooltip = self.tooltip or without_secrets(self._plan.description)
        # Task groups have pages from Airflow 3.3 on.
        if getattr(self, "doc_md", "") is None:
            self.doc_md = built.page
        self._task_ids = {name: op.task_id for name, op in built.operators.items()}

    @property
    def job_description(self) -> dict[str, Any]:
        """The whole job as it was given."""
        return self._plan.job

    def __getitem__(self, task_name: str) -> BaseOperator:
        """Return the operator of a task.

        :raises KeyError: when the job has no such task
        """
        # A copy of the DAG has operators of its own, and a subset only some of them.
        tasks: dict[str, Any] = {op.task_id: op for op in self.iter_tasks()}
        made: dict[str, BaseOperator] = {name: tasks[id_] for name, id_ in self._task_ids.items() if id_ in tasks}
        try:
            return made[task_name]
        except KeyError:
            raise KeyError(f"The job has no task {task_name!r}{did_you_mean(task_name, made)}") from None
