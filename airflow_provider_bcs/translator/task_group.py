"""A BatchCompute job description as a TaskGroup."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import TaskGroup

from airflow_provider_bcs.description.source import JobSource
from airflow_provider_bcs.description.suggestion import did_you_mean
from airflow_provider_bcs.translator.arguments import Arguments, RunAs
from airflow_provider_bcs.translator.graph import build, read_plan, search_path

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import DAG, BaseOperator


class BatchComputeTaskGroup(TaskGroup):
    """One Airflow task for each task of a BatchCompute job.

    The edges are exactly those of ``Dependencies``; the task ids are the task names (behind the group's prefix, as
    in any TaskGroup). ``group["count"]`` is the operator of task ``count``.

    :param group_id: id of the group
    :param job: the job description: a dict, JSON text, a path relative to the DAG file, a model, or an object with
        ``detail()``. Values may hold templates, task names and dependencies may not
    :param run_as: how it runs. ``"jobs"``: each task as a BatchCompute job; ``"job"``: all of them as one job, and an
        Airflow task follows each; ``"dlc"``: each as a PAI-DLC job
    :param bcs_conn_id: the connection of all tasks; by default that of ``default_args``, else ``bcs_default``
    :param operator_args: arguments of all operators, e.g. ``{"deferrable": True, "retries": 2}``
    :param task_args: arguments of single operators by task name, e.g. ``{"count": {"pool": "big"}}``
    :param assets: what a task's OutputMapping names becomes its ``outlets``, beside those it has
    :param cluster: the description of a BatchCompute cluster: it is made for these tasks, they run on it instead of an
        AutoCluster each, and it is deleted whatever becomes of them. Not for ``"dlc"``
    :param package: a directory, file or glob pattern, absolute or relative to the DAG file, that becomes the package of
        the tasks which name none; it is packed and uploaded when a task runs, unless the same is there already
    :param package_uri: the folder it is uploaded to, such as ``oss://bucket/packages/``; may be a template
    :param images: for ``"dlc"``: BatchCompute image -> container image, e.g. ``{"img-ubuntu": "ubuntu:22.04"}``
    :param instance_types: for ``"dlc"``: BatchCompute instance type -> instance type there, or resources of a quota
    :param ignore: for ``"dlc"``: fields that are left out there, e.g. ``["AutoCluster.UserData"]``
    :param kwargs: what a TaskGroup takes: ``prefix_group_id``, ``default_args``, ``tooltip`` ...
    :raises InvalidJobError: when the description breaks a rule
    """

    def __init__(
        self,
        group_id: str,
        job: JobSource,
        *,
        run_as: RunAs = "jobs",
        bcs_conn_id: str | None = None,
        operator_args: Mapping[str, Any] | None = None,
        task_args: Mapping[str, Mapping[str, Any]] | None = None,
        assets: bool = False,
        cluster: JobSource | None = None,
        package: str | os.PathLike[str] | None = None,
        package_uri: str | None = None,
        images: Mapping[str, str] | None = None,
        instance_types: Mapping[str, str | Mapping[str, Any]] | None = None,
        ignore: Collection[str] = (),
        **kwargs: Any,
    ) -> None:
        arguments = Arguments(
            run_as=run_as,
            bcs_conn_id=bcs_conn_id,
            operator_args=operator_args or {},
            task_args=task_args or {},
            assets=assets,
            cluster=cluster,
            package=package,
            package_uri=package_uri,
            images=images or {},
            instance_types=instance_types or {},
            ignore=ignore,
        )
        super().__init__(group_id=group_id, **kwargs)
        dag: DAG = self.dag
        self._plan = read_plan(job, [dag.folder, *search_path(dag.template_searchpath)])
        with self:
            self._operators = build(self._plan, arguments)

    @property
    def job_description(self) -> dict[str, Any]:
        """The whole job as it was given."""
        return self._plan.job

    def __getitem__(self, task_name: str) -> BaseOperator:
        """Return the operator of a task.

        :raises KeyError: when the job has no such task
        """
        try:
            return self._operators[task_name]
        except KeyError:
            raise KeyError(f"The job has no task {task_name!r}{did_you_mean(task_name, self._operators)}") from None
