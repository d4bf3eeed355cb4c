"""A BatchCompute job description as a whole DAG."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.description.source import JobSource
from airflow_provider_bcs.translator.arguments import Arguments, RunAs
from airflow_provider_bcs.translator.graph import build, read_plan, search_path


def job_to_dag(
    job: JobSource,
    dag_id: str | None = None,
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
    **dag_kwargs: Any,
) -> DAG:
    """Make a DAG with one Airflow task for each task of a BatchCompute job, under the task's own name.

    :param job: the job description: a dict, JSON text, a path relative to the calling file (then to
        ``template_searchpath``), a model, or an object
        with ``detail()``
    :param dag_id: by default the job's name
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
    :param dag_kwargs: arguments of the DAG: ``schedule``, ``start_date`` ... ``catchup`` is False unless given, as
        Airflow 3 has it: Airflow 2 would make a run for each interval since ``start_date``
    :raises InvalidJobError: when the description breaks a rule
    """
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
    caller = sys._getframe(1).f_code.co_filename
    plan = read_plan(job, [str(Path(caller).parent), *search_path(dag_kwargs.get("template_searchpath"))])
    dag_kwargs.setdefault("description", plan.description or None)
    dag_kwargs.setdefault("catchup", False)
    if dag_kwargs.setdefault("schedule", None) is None:
        # Airflow 2 wants a start date even of a DAG that only runs when triggered.
        dag_kwargs.setdefault("start_date", datetime(2015, 11, 11, tzinfo=timezone.utc))
    with DAG(dag_id or plan.dag_id, **dag_kwargs) as dag:
        # Airflow would take this file for the DAG's.
        dag.fileloc = caller
        build(plan, arguments)
    return dag
