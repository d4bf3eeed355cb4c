"""Each example DAG, as Airflow parses it, run to its end."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pendulum
import pytest

from airflow_provider_bcs import demo, dlc
from airflow_provider_bcs.batchcompute import validate_job
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from tests.airflow.running import (
    NO_INTERVAL,
    asset_events,
    at,
    dag_bag,
    poll_often,
    queued_by_assets,
    run_dag,
    start_scheduling,
    states,
)

EXAMPLES = Path(__file__).parents[2] / "example_dags"
BUCKET = Path("oss") / "bcs-demo"
PREFIX = "example_bcs_"

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")


@pytest.fixture(scope="module")
def bag():
    found = dag_bag(EXAMPLES)
    assert found.import_errors == {}
    assert {Path(dag.fileloc) for dag in found.dags.values()} == set(EXAMPLES.glob("*.py"))
    for dag in found.dags.values():
        poll_often(dag)
    return found


def run(bag, service, name, **kwargs):
    found = run_dag(bag.dags[PREFIX + name], **kwargs)
    assert set(states(found).values()) == {"success"}
    return service.data_dir / BUCKET / name / found.run_id


@pytest.mark.parametrize("file", sorted(EXAMPLES.rglob("*.json")), ids=lambda file: file.stem)
def test_each_job_file_is_valid(file):
    assert validate_job(file) == []


@pytest.mark.parametrize("file", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda file: file.stem)
def test_each_dlc_job_file_is_valid(file):
    assert dlc.validate_job(file) == []


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.json")), ids=lambda file: file.stem)
def test_each_dag_file_of_a_job_file_is_one_call(file):
    tree = ast.parse(file.with_name(f"{PREFIX}{file.stem}.py").read_text())
    docstring, imported, call = tree.body
    assert (type(docstring), type(imported)) == (ast.Expr, ast.ImportFrom)
    assert isinstance(call, ast.Assign)
    assert ast.unparse(call.value.func) == "job_to_dag"


def test_each_dag_says_what_it_is(bag):
    """Airflow loads the examples of an installed provider beside the DAGs of a user, whose ids must stay theirs."""
    assert '"example_dags" = "airflow_provider_bcs/example_dags"' in (EXAMPLES.parent / "pyproject.toml").read_text()
    for dag_id, dag in bag.dags.items():
        assert dag_id.startswith(Path(dag.fileloc).stem)
        assert dag_id.startswith(PREFIX)
        assert dag.catchup is False
        assert 10 < len(dag.description) < 80
        assert re.match(r"\S.+\.\n\n", dag.doc_md)
        assert ("Runs as it is against the local service" in dag.doc_md) != ("\n\nNeeds " in dag.doc_md)
        kinds = {task.task_type for task in dag.tasks if task.task_type.startswith(("BatchCompute", "Dlc"))}
        on_dlc = {kind for kind in kinds if "Dlc" in kind}
        expected = {"example", *({"pai-dlc"} if on_dlc else ()), *({"batchcompute"} if kinds - on_dlc else ())}
        assert set(dag.tags) == expected


@pytest.mark.parametrize("name", ["find_primes", "primes_on_dlc"])
def test_find_primes(bag, service, name):
    demo.package(EXAMPLES, service.data_dir)
    found = run_dag(bag.dags[PREFIX + name])
    assert set(states(found).values()) == {"success"}
    folder = service.data_dir / BUCKET / "find_primes" / found.run_id
    assert (folder / "result" / "count.txt").read_text() == "78498\n"
    primes = [int(line) for line in (folder / "result" / "primes.txt").read_text().split()]
    assert primes[:10] == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]
    assert primes[-1] == 999983
    assert len(list((folder / "logs").glob("stdout.*.find.*"))) == 5


def test_primes_as_one_job(bag, service, client):
    demo.package(EXAMPLES, service.data_dir)
    found = run_dag(bag.dags["example_bcs_primes_as_one_job"])
    assert states(found) == dict.fromkeys(["submit", "split", "find", "merge", "stop"], "success")
    result = service.data_dir / BUCKET / "find_primes" / found.run_id / "result"
    assert (result / "count.txt").read_text() == "78498\n"
    (ti,) = [ti for ti in found.get_task_instances() if ti.task_id == "submit"]
    job = client.get_job(ti.xcom_pull(task_ids="submit", key="job_id"))
    assert (job.Name, job.TaskMetrics.FinishedCount) == ("find-primes", 3)


def test_wired_as_one_job(bag, service, client):
    folder = run(bag, service, "wired_as_one_job")
    assert (folder / "total.txt").read_text() == "285\n"
    (job,) = [item for item in client.list_jobs() if item.Name == "squares"]
    assert (job.Priority, job.InstanceMetrics.FinishedCount) == (10, 4)


def test_diamond(bag, service):
    assert (run(bag, service, "diamond") / "numbers" / "join").read_text() == "36\n"


def test_own_cluster(bag, service, client):
    found = run_dag(bag.dags["example_bcs_own_cluster"])
    assert set(states(found).values()) == {"success"}
    folder = service.data_dir / BUCKET / "diamond" / found.run_id
    assert (folder / "numbers" / "join").read_text() == "36\n"
    (ti,) = [ti for ti in found.get_task_instances() if ti.task_id == "create_cluster"]
    jobs = list(client.list_jobs(cluster_id=ti.xcom_pull(task_ids="create_cluster")))
    assert [each.State for each in jobs] == ["Finished"] * 4


def test_chain(bag, service):
    steps = run(bag, service, "chain") / "steps"
    assert [(steps / str(n)).read_text() for n in range(1, 11)] == [f"{n}\n" for n in range(1, 11)]


def test_fan_out(bag, service):
    folder = run(bag, service, "fan_out")
    assert {int(file.name): int(file.read_text()) for file in (folder / "results").iterdir()} == {
        n: 10 * n for n in range(1, 15)
    }
    assert len(bag.dags["example_bcs_fan_out"].get_task("source").downstream_task_ids) == 14
    assert bag.dags["example_bcs_fan_out"].get_task("alone").downstream_task_ids == set()


def test_two_workers(bag, service):
    found = run_dag(bag.dags["example_bcs_two_workers"])
    assert states(found) == {"talk": "success"}
    (ti,) = found.get_task_instances()
    client = dlc.Client(service.url, "local", ACCESS_KEY_SECRET)
    job = client.get_job(ti.xcom_pull(task_ids="talk", key="job_id"))
    logs = {pod.Type: client.get_pod_logs(job, pod.PodId).Logs[-1] for pod in job.Pods}
    assert logs["master"].endswith("the sum of 1000 numbers is 500500")
    assert logs["worker"].endswith("the master says 500500, which is right")


def test_train_and_evaluate(bag, service):
    folder = run(bag, service, "train_and_evaluate")
    line = json.loads((folder / "model" / "line.json").read_text())
    assert line == {"slope": pytest.approx(3, abs=0.01), "intercept": pytest.approx(2, abs=0.05)}
    assert 0.05 < float((folder / "report" / "error.txt").read_text()) < 0.12


def named_instances(dag_run):
    """Return task id, and name in place of the map index, of the mapped task instances."""
    return {(ti.task_id, ti.rendered_map_index) for ti in dag_run.get_task_instances() if ti.map_index >= 0}


def test_map_jobs(bag, service):
    found = run_dag(bag.dags["example_bcs_map_jobs"])
    assert set(states(found).values()) == {"success"}
    assert named_instances(found) == {("square", f"square-{number}") for number in (1, 2, 3)}
    folder = service.data_dir / BUCKET / "map_jobs" / found.run_id
    assert {file.name: file.read_text() for file in (folder / "squares").iterdir()} == {
        "1": "1\n",
        "2": "4\n",
        "3": "9\n",
    }
    assert (folder / "sum").read_text() == "14\n"


def test_parameters(bag, service):
    folder = run(bag, service, "parameters")
    today = pendulum.now("UTC").to_date_string()
    assert (folder / "count").read_text() == f"day {today}: 20\n"
    found = run_dag(
        bag.dags["example_bcs_parameters"], run_conf={"limit": 3, "writers": 3, "folder": "elsewhere"}, **NO_INTERVAL
    )
    assert set(states(found).values()) == {"success"}
    folder = service.data_dir / BUCKET / "elsewhere" / found.run_id
    assert sorted(file.name for file in (folder / "numbers").iterdir()) == ["0", "1", "2"]
    assert (folder / "count").read_text() == f"day {today}: 9\n"


def test_job_per_day(bag, service):
    for day, expected in ((3, {"weekday": "work\n"}), (4, {"weekend": "rest\n"})):
        folder = run(bag, service, "job_per_day", **at(pendulum.datetime(2024, 5, day)))
        assert {file.name: file.read_text() for file in folder.iterdir()} == expected


@pytest.mark.parametrize(("exit_code", "end"), [(0, "success"), (1, "failed")])
def test_setup_teardown(bag, service, exit_code, end):
    found = run_dag(bag.dags["example_bcs_setup_teardown"], run_conf={"exit_code": exit_code})
    assert found.state == end
    assert states(found) == {"make": "success", "work.copy": "success", "work.finish": end, "remove": "success"}
    folder = service.data_dir / BUCKET / "setup_teardown" / found.run_id
    assert (folder / "result" / "copy").read_text() == "42\n"
    assert list((folder / "scratch").iterdir()) == []


def test_groups(bag, service):
    found = run_dag(bag.dags["example_bcs_groups"])
    assert states(found) == {
        "regions.east.fetch": "success",
        "regions.east.double": "success",
        "regions.west.fetch": "success",
        "regions.west.double": "success",
        "compare": "success",
    }
    tasks = {ti.task_id: ti for ti in found.get_task_instances()}
    assert [tasks[f"regions.{region}.fetch"].try_number for region in ("east", "west")] == [2, 2]
    assert [tasks[f"regions.east.{name}"].pool_slots for name in ("fetch", "double")] == [1, 2]
    assert bag.dags["example_bcs_groups"].get_task("regions.east.double").trigger_rule == "none_failed"
    assert bag.dags["example_bcs_groups"].get_task("compare").upstream_task_ids == {
        "regions.east.double",
        "regions.west.double",
    }
    folder = service.data_dir / BUCKET / "groups" / found.run_id
    assert (folder / "compared").read_text() == "east 42\nwest 42\n"


def test_mapped_group(bag, service):
    found = run_dag(bag.dags["example_bcs_mapped_group"])
    assert {(ti.task_id, ti.map_index, str(ti.state)) for ti in found.get_task_instances()} == {
        ("words", -1, "success"),
        *((f"for_each.graph.{name}", index, "success") for name in ("write", "check") for index in (0, 1)),
    }
    names = {(f"for_each.graph.{name}", word) for name in ("write", "check") for word in ("ab", "xyz")}
    assert named_instances(found) == names
    dag = bag.dags["example_bcs_mapped_group"]
    assert dag.get_task("for_each.graph.write").upstream_task_ids == {"words"}
    assert dag.get_task("for_each.graph.check").upstream_task_ids == {"words", "for_each.graph.write"}
    folder = service.data_dir / BUCKET / "mapped_group" / found.run_id
    assert [(folder / f"{index}" / "checked").read_text() for index in (0, 1)] == ["checked ab\n", "checked xyz\n"]


def test_assets(bag, service):
    for name in ("assets", "assets_report"):
        start_scheduling(bag.dags[PREFIX + name])
    found = run_dag(bag.dags["example_bcs_assets"])
    assert set(states(found).values()) == {"success"}
    assert asset_events(found) == {("table", "oss://bcs-demo/assets/daily"), ("index", "oss://bcs-demo/assets/index")}
    assert queued_by_assets() == {"example_bcs_assets_report"}
    folder = service.data_dir / BUCKET / "assets"
    assert (folder / "index").read_text() == "7\n"
    report = run_dag(bag.dags["example_bcs_assets_report"])
    assert (folder / report.run_id / "report").read_text() == "1 2 3 4 5 6 7\n"
