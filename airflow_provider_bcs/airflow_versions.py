"""Differences between Airflow 2 and 3, and between their minor versions, that concern this package."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow import __version__ as airflow_version
from airflow.providers.common.compat.sdk import AirflowException, conf, get_current_context
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_1_PLUS, AIRFLOW_V_3_3_PLUS

from airflow_provider_bcs.description.secrets import texts_to_mask
from airflow_provider_bcs.waiting.submission import GENERATION

# common-compat has this name only from 1.22 on, and that version needs Python 3.11.
if airflow_version.startswith("2."):
    from airflow.utils.log.secrets_masker import mask_secret
else:
    from airflow.sdk.log import mask_secret

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_bcs.waiting.reattach import Store

__all__ = [
    "CAN_START_FROM_TRIGGER",
    "HAS_TABS",
    "KNOWS_TRACES_OF_ALL_TRIES",
    "LINKS_ARE_XCOMS",
    "TRIGGERS_ARE_KILLED",
    "current_task_instance",
    "deadline",
    "host_name",
    "is_of_mapped_task",
    "is_waited_for",
    "mask",
    "openlineage_macros",
    "push_from_trigger",
    "renders_native_objects",
    "set_display_name",
    "show_rendered",
    "start_time",
    "stats",
    "submitter",
    "task_state_store",
    "traceparent",
]

#: Whether a task can start and end in the triggerer, which then renders the trigger's arguments.
CAN_START_FROM_TRIGGER: bool = AIRFLOW_V_3_3_PLUS

#: Whether a plugin can add a tab to the page of a task instance.
HAS_TABS: bool = AIRFLOW_V_3_1_PLUS

#: Whether Airflow calls a link in the process of its task and keeps the URL as XCom. Before, the web server calls it.
LINKS_ARE_XCOMS: bool = not airflow_version.startswith("2.")

#: Whether Airflow calls a trigger's ``on_kill`` when its task is marked or cleared. Before, it calls ``cleanup`` only.
TRIGGERS_ARE_KILLED: bool = AIRFLOW_V_3_3_PLUS

#: Whether the trace context of an earlier try can be computed: Airflow 2 derives it from names, Airflow 3 draws it.
KNOWS_TRACES_OF_ALL_TRIES: bool = airflow_version.startswith("2.")

_PROCESS = uuid.uuid4().hex


def start_time(context: Context) -> float:
    """Return the POSIX time at which the task instance started, in seconds."""
    ti: Any = context["ti"]
    # dag.test() of Airflow 2 sets no start date.
    return float(ti.start_date.timestamp()) if ti.start_date else time.time()


def deadline(context: Context, *limits: float | timedelta | None) -> float | None:
    """Return the POSIX time at which the earliest limit passes, in seconds; None without a limit.

    :param limits: seconds, or timedeltas, since the task instance started
    """
    seconds = [each.total_seconds() if isinstance(each, timedelta) else each for each in limits if each is not None]
    return start_time(context) + min(seconds) if seconds else None


def submitter(context: Context) -> dict[str, Any]:
    """Return the identity of a task instance: equal for all its retries, another one after a clear."""
    ti: Any = context["ti"]
    return {
        "dag": ti.dag_id,
        "run": ti.run_id,
        # A run that is deleted and created again has the same id, and so may one of another installation.
        # dag.test() of Airflow 2 sets no start date, and runs all tasks in this process.
        "run_started": str(context["dag_run"].start_date) if ti.start_date else _PROCESS,
        "task": ti.task_id,
        "map": ti.map_index,
        # Airflow changes max_tries at a clear, and keeps it over retries.
        GENERATION: ti.max_tries,
    }


def task_state_store(context: Context) -> Store | None:
    """Return the key-value store that a task instance keeps over retries and clears; None before Airflow 3.3.

    Airflow's own ResumableJobMixin uses the same store. It neither defers nor tells a clear from a retry.
    """
    return context.get("task_state_store")


def traceparent(ti: Any) -> str | None:
    """Return the W3C trace context of a task instance, None when Airflow writes no traces."""
    if not conf.getboolean("traces", "otel_on", fallback=False):
        return None
    if not airflow_version.startswith("2."):
        return (getattr(ti, "context_carrier", None) or {}).get("traceparent")
    from airflow.traces.utils import gen_span_id, gen_trace_id

    # The trace begins with the start of the DAG run. Its id is no text while there is no start.
    trace_id = gen_trace_id(ti.dag_run)
    return f"00-{trace_id}-{gen_span_id(ti)}-01" if isinstance(trace_id, str) else None


def openlineage_macros() -> Any | None:
    """Return the macros of the OpenLineage provider, None when it is not installed or switched off."""
    try:
        from airflow.providers.openlineage.conf import is_disabled
        from airflow.providers.openlineage.plugins import macros
    except ImportError:
        return None
    return None if is_disabled() else macros


def stats(*, in_triggerer: bool = False) -> Any:
    """Return Airflow's ``Stats`` of this process: incr, gauge and timing.

    Airflow from 3.2 on has two of them. A worker sets up one, a triggerer the other, and an unused one counts nothing.
    """
    try:
        if in_triggerer:
            from airflow.observability import stats as of_triggerer

            return of_triggerer.Stats
        from airflow.sdk.observability import stats as of_worker
    except ImportError:
        from airflow.stats import Stats

        return Stats
    return of_worker.Stats


@cache
def host_name() -> str:
    """Return the name of this host, as Airflow's own metrics have it."""
    # Kept in the process: it may ask a name server, which blocks the event loop of a triggerer.
    from airflow.utils.net import get_hostname

    return str(get_hostname())


def current_task_instance() -> Any | None:
    """Return the task instance that this process executes, None when there is none."""
    try:
        return get_current_context()["ti"]
    # Without a context Airflow 2 raises AirflowException, Airflow 3 RuntimeError.
    except (AirflowException, RuntimeError):
        return None


def mask(values: Iterable[Any]) -> None:
    """Register texts, and each of their lines, as secrets: Airflow shows ``***`` in logs and rendered templates."""
    for text in texts_to_mask(values):
        mask_secret(text)


def renders_native_objects(operator: Any) -> bool:
    """Return whether Airflow renders an operator's templates with ``render_template_as_native_obj``.

    An operator has the option itself since Airflow 3.3, and else that of its DAG.
    """
    own = getattr(operator, "render_template_as_native_obj", None)
    dag = operator.get_dag()
    return bool(dag is not None and dag.render_template_as_native_obj) if own is None else bool(own)


def is_of_mapped_task(operator: Any) -> bool:
    """Return whether an operator runs one instance of a mapped task: Airflow makes it in the worker."""
    return bool(getattr(operator, "_BaseOperator__from_mapped", False))


def push_from_trigger(ti: Any, key: str, value: Any) -> None:
    """Push an XCom of a task that started in its trigger, which Airflow can do from 3.3 on.

    ``ti.xcom_push`` fails in a triggerer: it reads attributes that only a worker's task has (3.3.2).
    """
    from airflow.sdk.execution_time.xcom import XCom

    XCom.set(key=key, value=value, dag_id=ti.dag_id, task_id=ti.task_id, run_id=ti.run_id, map_index=ti.map_index)


def set_display_name(operator: Any, name: str) -> None:
    """Set what the UI shows in place of an operator's task id. Airflow takes it as an argument only."""
    attribute = "_task_display_property_value" if airflow_version.startswith("2.") else "_task_display_name"
    setattr(operator, attribute, name)


def show_rendered(operator: Any, ti: Any) -> None:
    """Store the values that an operator's templated fields have now as the rendered ones of its task instance.

    Airflow stores them before it calls ``execute``, and does so again after each deferral.
    """
    if airflow_version.startswith("2."):
        from airflow.models import renderedtifields, taskinstance

        # "airflow tasks test" keeps nothing.
        if not ti.test_mode:
            fields: Any = renderedtifields.get_serialized_template_fields(task=operator)
            store: Any = vars(taskinstance)["_update_rtif"]
            store(ti=ti, rendered_fields=fields)
    else:
        from airflow.sdk.execution_time import task_runner
        from airflow.sdk.execution_time.comms import SetRenderedFields

        fields = task_runner._serialize_rendered_fields(operator)
        task_runner.SUPERVISOR_COMMS.send(SetRenderedFields(rendered_fields=fields))


async def is_waited_for(ti: Any, trigger_id: int) -> bool:
    """Return whether a task instance is still deferred, in this triggerer or in another one."""
    from asgiref.sync import sync_to_async

    ask = _state_in_database if airflow_version.startswith("2.") else _state_of_supervisor
    return await sync_to_async(ask)(ti, trigger_id)


def _state_of_supervisor(ti: Any, trigger_id: int) -> bool:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    # With task_ids and map_index the answer holds this task instance only.
    states = RuntimeTaskInstance.get_task_states(
        dag_id=ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id], map_index=ti.map_index
    )
    return "deferred" in states.get(ti.run_id, {}).values()


def _state_in_database(ti: Any, trigger_id: int) -> bool:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.query(TaskInstance.state, TaskInstance.trigger_id).filter_by(
            dag_id=ti.dag_id, task_id=ti.task_id, run_id=ti.run_id, map_index=ti.map_index
        )
        return ("deferred", trigger_id) in [tuple(row) for row in found]
