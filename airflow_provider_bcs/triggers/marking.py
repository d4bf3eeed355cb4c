"""Kill of a deferred task in Airflow's API server: stop its job when a user marks the task.

Each process of Airflow imports this module, so that it imports little.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from typing import Any

from airflow.providers.common.compat.sdk import AirflowPlugin

__all__ = ["MarkedTasks", "MarkedTasksPlugin"]

_LOG = logging.getLogger(__name__)

#: Module of the triggers; a trigger of another provider is none of ours.
_OURS = "airflow_provider_bcs.triggers."

#: Seconds until the request that marks a task has committed. A task that is still deferred then keeps its job.
_COMMIT = 25.0


class MarkedTasksPlugin(AirflowPlugin):
    """Plugin that registers :class:`MarkedTasks` in the API server. Before Airflow 3.3, it has no effect.

    It has no ``listeners``: with a listener Airflow 3.3.2 refuses each DAG whose task has ``end_from_trigger``, while
    the DAG processor parses it.
    """

    name = "bcs_marked_tasks"

    @property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override]
        """No app. Only the API server, and ``airflow plugins``, ask for it."""
        from airflow_provider_bcs.airflow_versions import TRIGGERS_ARE_KILLED

        if TRIGGERS_ARE_KILLED:
            from airflow.listeners.listener import get_listener_manager

            get_listener_manager().add_listener(_marked_tasks())
        return []


@cache
def _marked_tasks() -> MarkedTasks:
    # Airflow's decorator is part of a module that only Airflow's own components need.
    from airflow.listeners import hookimpl

    for name in ("on_task_instance_failed", "on_task_instance_success", "on_task_instance_skipped"):
        hookimpl(vars(MarkedTasks)[name])
    return MarkedTasks()


class MarkedTasks:
    """Listener that stops the jobs of deferred tasks whose state is set by hand.

    Airflow calls it while the request holds its transaction, so that a thread does the work.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="bcs-marked")

    def on_task_instance_failed(self, task_instance: Any) -> None:
        """Stop the job of a task that is marked failed."""
        self._accept(task_instance)

    def on_task_instance_success(self, task_instance: Any) -> None:
        """Stop the job of a task that is marked successful."""
        self._accept(task_instance)

    def on_task_instance_skipped(self, task_instance: Any) -> None:
        """Stop the job of a task that is marked skipped."""
        self._accept(task_instance)

    def _accept(self, ti: Any) -> None:
        # A task has a trigger as long as it is deferred, and a worker's task instance has no such attribute.
        trigger = getattr(ti, "trigger", None)
        if trigger is None or not trigger.classpath.startswith(_OURS):
            return
        arguments = trigger.kwargs
        if arguments.get("cancel_on_kill"):
            self._threads.submit(_stop, ti.id, ti.trigger_id, trigger.classpath, arguments)


def _stop(ti_id: Any, trigger_id: int, classpath: str, arguments: dict[str, Any]) -> None:
    job_id = arguments["job_id"]
    try:
        if _is_waited_for(ti_id, trigger_id):
            _LOG.warning("Job %s goes on: its task is still deferred, so the mark was not committed.", job_id)
            return
        from airflow.models.connection import Connection

        from airflow_provider_bcs.hooks.metrics import count_kill

        module, _, name = classpath.rpartition(".")
        hook = getattr(import_module(module), name).hook_class(arguments["bcs_conn_id"])
        # At the API server of 3.3.2, a hook of its own finds no connection of Airflow's database.
        hook.get_connection = Connection.get_connection_from_secrets
        _LOG.info("The task of job %s was marked while it was deferred.", job_id)
        count_kill(hook.service)
        hook.port.stop(job_id, _LOG)
    except Exception:
        _LOG.exception("Job %s may still run: its task was marked, but stopping the job failed.", job_id)


def _is_waited_for(ti_id: Any, trigger_id: int) -> bool:
    """Return whether a task instance is deferred to a trigger after the time that a request takes to commit."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    end = time.monotonic() + _COMMIT
    while time.monotonic() < end:
        with create_session() as session:
            # A clear gives the task instance another id.
            ti = session.get(TaskInstance, ti_id)
            if ti is None or (ti.state, ti.trigger_id) != ("deferred", trigger_id):
                return False
        time.sleep(0.5)
    return True
