"""The origin of a job that an Airflow task submits: variables for its programs, tags and a description."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.airflow_versions import (
    KNOWS_TRACES_OF_ALL_TRIES,
    openlineage_macros,
    task_state_store,
    traceparent,
)
from airflow_provider_bcs.waiting.origin import Origin
from airflow_provider_bcs.waiting.submission import GENERATION

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_bcs.waiting.reattach import Store

__all__ = ["SENT", "origin_of"]

log = logging.getLogger(__name__)

#: Key of the stored variables that the tries of a task instance have submitted.
SENT = "bcs_context_env"


def origin_of(context: Context, owner: Mapping[str, Any], *, one_task: bool, compared: bool) -> Origin:
    """Return the origin of the job that a task instance submits.

    :param owner: the submitter; see :func:`~airflow_provider_bcs.airflow_versions.submitter`
    :param one_task: False for one job of many Airflow tasks: its programs learn the DAG run, but no task and no try
    :param compared: whether the service compares the description of a repeated submission with that of the first one
    """
    ti: Any = context["ti"]
    variables = _variables_of_run(context)
    tags = {"airflow-dag": ti.dag_id, "airflow-run": ti.run_id}
    if not one_task:
        return Origin(variables, tags=tags, description=f"Airflow DAG {ti.dag_id}, run {ti.run_id}")
    task = ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]"
    variables["AIRFLOW_CTX_TASK_ID"] = ti.task_id
    if ti.map_index >= 0:
        variables["AIRFLOW_CTX_MAP_INDEX"] = str(ti.map_index)
    store = task_state_store(context)
    with_trace = not compared or store is not None or KNOWS_TRACES_OF_ALL_TRIES
    present = _variables_of_try(ti, with_trace)
    earlier: Sequence[Mapping[str, str]] = ()
    if compared:
        earlier = _computed(ti, with_trace) if store is None else _remembered(store, owner[GENERATION], present)
    return Origin(
        {**variables, **present},
        earlier=[{**variables, **each} for each in earlier],
        tags={**tags, "airflow-task": task},
        description=f"Airflow DAG {ti.dag_id}, run {ti.run_id}, task {task}",
    )


def _variables_of_run(context: Context) -> dict[str, str]:
    ti: Any = context["ti"]
    dag_run: Any = context["dag_run"]
    # Both Airflows get the names of Airflow 3. The variables that stay the same in all tries come from here.
    variables = {"AIRFLOW_CTX_DAG_ID": ti.dag_id, "AIRFLOW_CTX_DAG_RUN_ID": ti.run_id}
    # A run that an asset has started has no logical date.
    if (logical_date := getattr(dag_run, "logical_date", None)) is not None:
        variables["AIRFLOW_CTX_LOGICAL_DATE"] = logical_date.isoformat()
    return variables


def _variables_of_try(ti: Any, with_trace: bool) -> dict[str, str]:
    variables = {"AIRFLOW_CTX_TRY_NUMBER": str(ti.try_number), **_openlineage_parent(ti)}
    trace = traceparent(ti) if with_trace else None
    return {**variables, "TRACEPARENT": trace} if trace else variables


def _openlineage_parent(ti: Any) -> dict[str, str]:
    macros = openlineage_macros()
    if macros is None:
        return {}
    try:
        parent = {
            "OPENLINEAGE_PARENT_JOB_NAMESPACE": macros.lineage_job_namespace(),
            "OPENLINEAGE_PARENT_JOB_NAME": macros.lineage_job_name(ti),
            "OPENLINEAGE_PARENT_RUN_ID": macros.lineage_run_id(ti),
        }
    except Exception:
        # The code of another provider must not fail a submission.
        log.warning("The job is submitted without OPENLINEAGE_PARENT_*: OpenLineage has no ids.", exc_info=True)
        return {}
    return {"OPENLINEAGE_PARENT_ID": "/".join(parent.values()), **parent}


class _OtherTry:
    """A task instance with the number of one of its earlier tries."""

    def __init__(self, ti: Any, try_number: int) -> None:
        self._ti = ti
        self.try_number = try_number

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ti, name)


def _computed(ti: Any, with_trace: bool) -> list[Mapping[str, str]]:
    """Return the variables of all earlier tries, the newest first."""
    return [_variables_of_try(_OtherTry(ti, number), with_trace) for number in range(ti.try_number - 1, 0, -1)]


def _remembered(store: Store, generation: Any, present: Mapping[str, str]) -> list[Mapping[str, str]]:
    """Return what the earlier tries have sent, the newest first, and remember what this one sends."""
    former = store.get(SENT)
    sent = former["variables"] if former is not None and former["generation"] == generation else []
    # Before the submission: a worker that dies in it has sent these.
    store.set(SENT, {"generation": generation, "variables": [dict(present), *sent]})
    return [each for each in sent if each != present]
