"""Where Airflow 2 and 3 differ in what this package asks of them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow import __version__ as airflow_version
from airflow.providers.common.compat.sdk import AirflowException, get_current_context
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_3_PLUS
from asgiref.sync import sync_to_async

from airflow_provider_bcs.waiting.submission import GENERATION

# common-compat has this name only from 1.22 on, and that version needs Python 3.11.
if airflow_version.startswith("2."):
    from airflow.utils.log.secrets_masker import mask_secret
else:
    from airflow.sdk.log import mask_secret

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_bcs.waiting.succession import Store

#: Whether a task can begin and end in the triggerer, with arguments that are rendered there.
CAN_START_FROM_TRIGGER: bool = AIRFLOW_V_3_3_PLUS

#: Whether a trigger is told when its task was marked or cleared; before, it knows only that it ended.
TRIGGERS_ARE_KILLED: bool = AIRFLOW_V_3_3_PLUS

# What is shorter is part of too many words: a log would be unreadable. Airflow 3 has the same limit.
_MIN_SECRET = 5
_MIN_LINE = 8
_PROCESS = uuid.uuid4().hex


def start_time(context: Context) -> float:
    """Return when the task instance started, in seconds since 1970."""
    ti: Any = context["ti"]
    # dag.test() of Airflow 2 sets no start date.
    return float(ti.start_date.timestamp()) if ti.start_date else time.time()


def submitter(context: Context) -> dict[str, Any]:
    """Return what tells a task instance from all others, over its retries but not over a clear."""
    ti: Any = context["ti"]
    return {
        "dag": ti.dag_id,
        "run": ti.run_id,
        # A run that was deleted and made again has the same id, and so may one of another installation.
        # dag.test() of Airflow 2 sets no start dates of its own, but all of its run is in this process.
        "run_started": str(context["dag_run"].start_date) if ti.start_date else _PROCESS,
        "task": ti.task_id,
        "map": ti.map_index,
        # Constant over retries, another one after a clear: a clear starts over.
        GENERATION: ti.max_tries,
    }


def task_state_store(context: Context) -> Store | None:
    """Return what keeps plain JSON for a task instance over its retries and clears; None before Airflow 3.3.

    Airflow's ResumableJobMixin, which uses it too, knows no deferral and takes a clear for a retry.
    """
    return context.get("task_state_store")


def current_task_instance() -> Any | None:
    """Return the task instance that runs in this process, None outside of one."""
    try:
        return get_current_context()["ti"]
    # Without a context Airflow 2 raises the one, Airflow 3 the other.
    except (AirflowException, RuntimeError):
        return None


def mask(values: Iterable[Any]) -> None:
    """Have Airflow show ``***`` for these texts, and for each of their lines, in logs and rendered templates."""
    for value in values:
        if isinstance(value, str) and len(value) >= _MIN_SECRET:
            mask_secret(value)
            # A key of several lines is printed line by line; a brace that is alone on one is no secret.
            for line in map(str.strip, value.splitlines() if "\n" in value else ()):
                if len(line) >= _MIN_LINE:
                    mask_secret(line)


def push_from_trigger(ti: Any, key: str, value: Any) -> None:
    """Push an XCom of a task that began in its trigger; from Airflow 3.3.

    ``ti.xcom_push`` fails there: it asks the task for what only a worker's has (seen in 3.3.2).
    """
    from airflow.sdk.execution_time.xcom import XCom

    XCom.set(key=key, value=value, dag_id=ti.dag_id, task_id=ti.task_id, run_id=ti.run_id, map_index=ti.map_index)


async def is_waited_for(ti: Any, trigger_id: int) -> bool:
    """Return whether a task instance still waits for a trigger's event, be it in another triggerer."""
    ask = _state_in_database if airflow_version.startswith("2.") else _state_of_supervisor
    return await sync_to_async(ask)(ti, trigger_id)


def _state_of_supervisor(ti: Any, trigger_id: int) -> bool:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    # Named so that mapped instances are told apart; of no other task is asked.
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
