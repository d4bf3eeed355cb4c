"""Speed of the translation, compared with operators written by hand, with a shorter graph and with Cosmos."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeAlias

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.translator import job_to_dag
from bench.rows import Row, computed, is_installed, paired
from tests.batchcompute.jobs import job, task

TASKS = 3000
#: Number of tasks in the comparison with Cosmos.
FEW = 1000
ROUNDS = 3
START = datetime(2024, 1, 1, tzinfo=timezone.utc)

#: Function from the name of a task to its description.
Content: TypeAlias = Callable[[str], dict[str, Any]]


def plain(name: str) -> dict[str, Any]:
    return task()


def different(name: str) -> dict[str, Any]:
    """Return a task as in real job files: no two tasks are equal."""
    return task(
        f"python {name}.py --day {{{{ ds }}}}",
        InputMapping={f"oss://bucket/{{{{ ds }}}}/{name}/in/": f"/home/{name}/in/"},
        OutputMapping={f"/home/{name}/out/": f"oss://bucket/{name}/out/"},
        LogMapping={f"/home/{name}/log/": f"oss://bucket/{name}/log/"},
        Timeout=600,
        MaxRetryCount=1,
    )


def edges(count: int) -> dict[str, list[str]]:
    names = [f"t{number}" for number in range(count)]
    return {name: names[index + 1 : index + 3] for index, name in enumerate(names)}


def whole(count: int, content: Content) -> dict[str, Any]:
    below = edges(count)
    return job({name: content(name) for name in below}, below)


def translated(count: int, content: Content = plain) -> Callable[[], float]:
    return lambda: computed(lambda: job_to_dag(whole(count, content)))


def by_hand(count: int, content: Content = plain) -> Callable[[], float]:
    def build() -> None:
        with DAG("by_hand", start_date=START, schedule=None):
            below = edges(count)
            made = {
                name: BatchComputeSubmitJobOperator(
                    task_id=name, job=job({name: content(name)}, Name=f"a-job-{name}"[:64])
                )
                for name in below
            }
            for name, successors in below.items():
                if successors:
                    made[name].set_downstream([made[successor] for successor in successors])

    return lambda: computed(build)


def per_task(build: Callable[[], float], count: int) -> Callable[[], float]:
    """Return the function with its result in µs per task."""
    return lambda: build() / count * 1e6


def cosmos(folder: Path, count: int) -> Callable[[], float]:
    """Return a measurement of Cosmos: it builds a DAG of dbt models with the same edges."""
    # Cosmos logs at import and once per operator; the measurement leaves logging out.
    logging.disable(logging.WARNING)
    from cosmos import DbtDag, ExecutionConfig, LoadMode, ProfileConfig, ProjectConfig, RenderConfig, TestBehavior

    before: dict[str, list[str]] = {}
    for name, successors in edges(count).items():
        for successor in successors:
            before.setdefault(successor, []).append(f"model.project.{name}")
    nodes = {
        f"model.project.{name}": {
            "name": name,
            "unique_id": f"model.project.{name}",
            "resource_type": "model",
            "package_name": "project",
            "path": f"{name}.sql",
            "original_file_path": f"models/{name}.sql",
            "fqn": ["project", name],
            "tags": [],
            "config": {"materialized": "table", "tags": []},
            "depends_on": {"nodes": before.get(name, [])},
        }
        for name in edges(count)
    }
    manifest, profiles = folder / "manifest.json", folder / "profiles.yml"
    manifest.write_text(json.dumps({"metadata": {}, "nodes": nodes, "sources": {}, "exposures": {}}))
    profiles.write_text("profile: {target: target, outputs: {target: {type: postgres}}}")

    def build() -> None:
        dag = DbtDag(
            dag_id="cosmos",
            start_date=START,
            schedule=None,
            project_config=ProjectConfig(manifest_path=manifest, project_name="project"),
            profile_config=ProfileConfig("profile", "target", profiles_yml_filepath=profiles),
            render_config=RenderConfig(load_method=LoadMode.DBT_MANIFEST, test_behavior=TestBehavior.NONE),
            execution_config=ExecutionConfig(dbt_project_path=folder),
        )
        assert len(dag.tasks) == count

    return lambda: computed(build)


def rows() -> Iterator[Row]:
    """Yield the speed of the translation and of other ways to build a DAG."""
    for what, content in (("", plain), (" that all differ", different)):
        what = f"DAG of {TASKS} tasks{what}: translated / by hand"
        yield paired(what, translated(TASKS, content), by_hand(TASKS, content), ROUNDS, "s")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        file = folder / "job.json"
        file.write_text(json.dumps(whole(TASKS, different)))
        what = f"the same from a file of {file.stat().st_size / 1024**2:.1f} MiB / by hand"
        yield paired(what, lambda: computed(lambda: job_to_dag(file)), by_hand(TASKS, different), ROUNDS, "s")
        few = per_task(translated(FEW), FEW)
        yield paired(f"a translated task: of {TASKS} / of {FEW}", per_task(translated(TASKS), TASKS), few, ROUNDS, "µs")
        if is_installed("cosmos"):
            file.write_text(json.dumps(whole(FEW, different)))
            ours = per_task(lambda: computed(lambda: job_to_dag(file)), FEW)
            theirs = per_task(cosmos(folder, FEW), FEW)
            yield paired(f"a task of {FEW} from a file: translated / dbt models by Cosmos", ours, theirs, ROUNDS, "µs")
