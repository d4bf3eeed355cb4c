"""A BatchCompute job description as a whole DAG."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.description.secrets import without_secrets
from airflow_provider_bcs.description.source import JobSource
from airflow_provider_bcs.translator.execution.job_per_task import JobPerTask
from airflow_provider_bcs.translator.execution.protocol import Execution
from airflow_provider_bcs.translator.graph import build, check_execution, read_plan, search_path
from airflow_provider_bcs.translator.graph_arguments import GraphArguments

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import DagArguments


def job_to_dag(
    job: JobSource,
    dag_id: str | None = None,
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
    **dag_kwargs: Unpack[DagArguments],
) -> DAG:
    """Make a DAG with one Airflow task for each task of a BatchCompute job, under the task's own name.

    Example::

        dag = job_to_dag(
            "primes.json",
            execution=SingleJob(),
            operator_args={"poll_interval": 30},
            task_args={"count": {"retries": 2}},
            tags=["primes"],
        )

    The parameters from ``bcs_conn_id`` to ``ignore`` are those of
    :class:`~airflow_provider_bcs.translator.GraphArguments`.

    :param job: the job description: a dict, JSON text, a model, an object with ``detail()``, or a path, relative to the
        calling file or to ``template_searchpath``
    :param dag_id: id of the DAG; the job's name by default
    :param execution: the way to run the tasks: :class:`~airflow_provider_bcs.translator.JobPerTask`,
        :class:`~airflow_provider_bcs.translator.SingleJob`, :class:`~airflow_provider_bcs.translator.PaiDlc`, or one of
        your own
    :param dag_kwargs: arguments of the DAG: ``schedule``, ``start_date`` ... ``catchup`` is False unless given, as
        Airflow 3 has it: Airflow 2 would make a run for each interval since ``start_date``. Unless given,
        ``description`` is that of the job, ``doc_md`` a page about the graph, and ``tags`` are those of the execution:
        ``batchcompute`` or ``pai-dlc``
    :raises InvalidJobError: when the description breaks a rule
    :raises UnknownArgumentError: when no operator has an argument in ``operator_args`` or ``task_args``
    """
    check_execution(execution, dag_kwargs)
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
    caller = sys._getframe(1).f_code.co_filename
    folders = [str(Path(caller).parent), *search_path(dag_kwargs.get("template_searchpath"))]
    plan = read_plan(job, folders, graph.ignored(*getattr(execution, "ignore", ())))
    dag_kwargs.setdefault("description", without_secrets(plan.description) or None)
    dag_kwargs.setdefault("tags", list(getattr(execution, "tags", ())))
    dag_kwargs.setdefault("catchup", False)
    if dag_kwargs.setdefault("schedule", None) is None:
        # Airflow 2 wants a start date even of a DAG that only runs when triggered.
        dag_kwargs.setdefault("start_date", datetime(2015, 11, 11, tzinfo=timezone.utc))
    # Airflow itself refuses an argument that its version does not have.
    arguments: dict[str, Any] = {**dag_kwargs}
    with DAG(dag_id or plan.dag_id, **arguments) as dag:
        # Airflow would take this file for the DAG's.
        dag.fileloc = caller
        page = build(plan, execution, graph).page
        if "doc_md" not in dag_kwargs:
            dag.doc_md = page
    return dag
