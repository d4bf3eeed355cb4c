"""Run DAGs for real in this process, on either Airflow; what differs between the versions stands here."""

from __future__ import annotations

import asyncio
import logging
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pendulum
from airflow import __version__
from airflow.providers.common.compat.sdk import BaseOperator

AIRFLOW_3 = not __version__.startswith("2.")
BASH = "airflow.providers.standard.operators.bash" if AIRFLOW_3 else "airflow.operators.bash"
BashOperator = import_module(BASH).BashOperator


class Nothing(BaseOperator):
    """A task that does nothing; the empty operator of the two Airflows is not in the same place."""

    def execute(self, context: Any) -> None:
        pass


def run_dag(dag: Any, **kwargs: Any) -> Any:
    """Run all tasks of a DAG and return the DAG run."""
    if AIRFLOW_3:
        _serialize(dag)
    # A parsed DAG file has its files read; a DAG made in a test has not.
    dag.resolve_template_files()
    return dag.test(**{**at(pendulum.now("UTC")), **kwargs})


def poll_often(dag: Any) -> None:
    """Shorten the poll intervals of a parsed DAG, which are made for jobs that take minutes."""
    for item in dag.tasks:
        # Only a mapped operator has these; Airflow 2 has no other sign of it.
        values = getattr(item, "partial_kwargs", None) or vars(item)
        values |= dict.fromkeys({"poll_interval", "poke_interval"} & set(values), 0.1)


def at(moment: pendulum.DateTime) -> dict[str, Any]:
    """Return the argument that gives a run of ``run_dag`` its logical date."""
    return {"logical_date" if AIRFLOW_3 else "execution_date": moment}


#: The same for a run without a data interval, where there is such a thing.
NO_INTERVAL: dict[str, Any] = {"logical_date": None} if AIRFLOW_3 else {}


def _serialize(dag: Any) -> None:
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    with create_session() as session:
        if session.get(DagBundleModel, "tests") is None:
            session.add(DagBundleModel(name="tests"))
    bag = DagBag(dag_folder="/dev/null", bundle_name="tests")
    bag.bag_dag(dag)
    sync_bag_to_db(bag, "tests", "1")


def states(dag_run: Any) -> dict[str, str]:
    """Return task id -> state of a DAG run."""
    return {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}


def rendered(dag_run: Any, task_id: str, map_index: int = -1) -> Any:
    """Return what Airflow stored as the rendered templates of a task."""
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.utils.session import create_session

    with create_session() as session:
        row = (
            session.query(RenderedTaskInstanceFields)
            .filter_by(dag_id=dag_run.dag_id, run_id=dag_run.run_id, task_id=task_id, map_index=map_index)
            .one()
        )
        return row.rendered_fields


def task_log(caplog: Any) -> str:
    """Return what the tasks logged."""
    return "\n".join(record.getMessage() for record in caplog.records if record.levelno >= logging.INFO)


def output(caplog: Any, capfd: Any) -> str:
    """Return what was logged and printed since the last call; which of the two, Airflow's versions differ in."""
    return task_log(caplog) + "".join(capfd.readouterr())


def leveled(caplog: Any, printed: str) -> list[tuple[str, str]]:
    """Return level and text of each line that tasks and triggers have logged.

    :param printed: standard output and error, where a trigger of Airflow 3 logs; in Airflow 2 it logs in both ways
    """
    found = re.findall(r"^\S+ \[(\w+) *\] (.*?) *\[airflow[\w.]*\]", printed, re.MULTILINE)
    logged = [(record.levelname.lower(), record.getMessage()) for record in caplog.records]
    return [(level, text) for level, text in [*found, *logged] if level != "debug"]


def break_xcom(monkeypatch: Any, broken_key: str) -> None:
    """Make each push of one XCom fail, as it does when the XCom backend is down."""
    base = import_module("airflow.sdk.bases.xcom" if AIRFLOW_3 else "airflow.models.xcom").BaseXCom
    push = base.set.__func__

    def set_unless_broken(cls: Any, key: str, value: Any, **kwargs: Any) -> Any:
        if key == broken_key:
            raise RuntimeError("The XCom backend is down.")
        return push(cls, key, value, **kwargs)

    monkeypatch.setattr(base, "set", classmethod(set_unless_broken))


def serialized(dag: Any) -> dict[str, Any]:
    """Return a DAG as the scheduler gets it, after a round trip."""
    data = _serialization().to_dict(dag)
    _serialization().from_dict(data)
    return data


def _serialization() -> Any:
    try:
        from airflow.serialization.serialized_objects import DagSerialization as Serialization
    except ImportError:
        from airflow.serialization.serialized_objects import SerializedDAG as Serialization
    return Serialization


def link_of(dag: Any, dag_run: Any, task_id: str, map_index: int = -1) -> str:
    """Return the only link of a task instance as the web server finds it, an empty text when there is none."""
    task = _serialization().from_dict(_serialization().to_dict(dag)).get_task(task_id)
    (name,) = task.extra_links or [None]
    instances = dag_run.get_task_instances()
    (ti,) = [ti for ti in instances if (ti.task_id, ti.map_index) == (task_id, map_index)]
    return task.get_extra_links(ti, name) or "" if name else ""


def pushed_value(dag_id: str, task_id: str, key: str) -> Any:
    """Return an XCom of a task that may still run, None when it is not there."""
    from airflow.utils.session import create_session

    model = getattr(import_module("airflow.models.xcom"), "XComModel" if AIRFLOW_3 else "XCom")
    with create_session() as session:
        row = session.query(model).filter_by(dag_id=dag_id, task_id=task_id, key=key).one_or_none()
        # Airflow 2 deserializes a value when it loads the row.
        return None if row is None else model.deserialize_value(row) if AIRFLOW_3 else row.value


def dag_bag(folder: Any) -> Any:
    """Parse all DAG files of a folder as Airflow does."""
    if AIRFLOW_3:
        from airflow.dag_processing.dagbag import DagBag

        return DagBag(dag_folder=str(folder), bundle_name="tests", bundle_path=Path(folder))
    from airflow.models.dagbag import DagBag

    return DagBag(dag_folder=str(folder), include_examples=False)


def trigger_events(trigger: Any) -> list[Any]:
    """Run a trigger in an event loop and return the payloads of its events."""

    async def collect() -> list[Any]:
        return [event.payload async for event in trigger.run()]

    return asyncio.run(collect())


def start_scheduling(dag: Any) -> None:
    """Make a DAG known to the scheduler and not paused, so that an asset can queue it."""
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    if AIRFLOW_3:
        _serialize(dag)
    else:
        dag.sync_to_db()
    with create_session() as session:
        session.get(DagModel, dag.dag_id).is_paused = False


def due_runs(dag: Any) -> int:
    """Return how many runs the scheduler makes by now when a DAG is new and not paused."""
    from airflow.models.serialized_dag import SerializedDagModel

    if AIRFLOW_3:
        _serialize(dag)
        dag = SerializedDagModel.get_dag(dag.dag_id)
    count, last = 0, None
    while info := dag.next_dagrun_info(last_automated_run_info=last) if AIRFLOW_3 else dag.next_dagrun_info(last):
        if info.run_after > pendulum.now("UTC"):
            break
        count, last = count + 1, info if AIRFLOW_3 else info.data_interval
    return count


def asset_events(dag_run: Any) -> set[tuple[str, str]]:
    """Return task id and URI of the asset events that a DAG run has left."""
    from airflow.utils.session import create_session

    event, _ = _asset_models()
    with create_session() as session:
        rows = session.query(event).filter_by(source_dag_id=dag_run.dag_id, source_run_id=dag_run.run_id)
        return {(row.source_task_id, row.asset.uri if AIRFLOW_3 else row.uri) for row in rows}


def queued_by_assets() -> set[str]:
    """Return the ids of the DAGs that the scheduler is to run because an asset was written."""
    from airflow.utils.session import create_session

    _, queue = _asset_models()
    with create_session() as session:
        return {row.target_dag_id for row in session.query(queue)}


def _asset_models() -> tuple[Any, Any]:
    if AIRFLOW_3:
        from airflow.models.asset import AssetDagRunQueue, AssetEvent

        return AssetEvent, AssetDagRunQueue
    from airflow.models.dataset import DatasetDagRunQueue, DatasetEvent

    return DatasetEvent, DatasetDagRunQueue
