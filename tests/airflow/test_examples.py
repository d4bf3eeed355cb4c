"""Each example DAG, as Airflow parses it, run to its end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_provider_bcs import demo, dlc
from airflow_provider_bcs.batchcompute import validate_job
from tests.airflow.running import dag_bag, run_dag, states

EXAMPLES = Path(__file__).parents[2] / "example_dags"
BUCKET = Path("oss") / "bcs-demo"

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")


@pytest.fixture(scope="module")
def bag():
    found = dag_bag(EXAMPLES)
    assert found.import_errors == {}
    assert set(found.dags) == {path.stem for path in EXAMPLES.glob("*.py")}
    return found


def run(bag, service, name):
    found = run_dag(bag.dags[name])
    assert set(states(found).values()) == {"success"}
    return service.data_dir / BUCKET / name / found.run_id


@pytest.mark.parametrize("file", sorted(EXAMPLES.rglob("*.json")), ids=lambda file: file.stem)
def test_each_job_file_is_valid(file):
    assert validate_job(file) == []


@pytest.mark.parametrize("file", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda file: file.stem)
def test_each_dlc_job_file_is_valid(file):
    assert dlc.validate_job(file) == []


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.json")), ids=lambda file: file.stem)
def test_each_dag_file_is_two_or_three_lines(file):
    code = [line for line in file.with_suffix(".py").read_text().split('"""')[2].splitlines() if line.strip()]
    assert len(code) <= 3


def test_find_primes(bag, service):
    demo.package(EXAMPLES, service.data_dir)
    folder = run(bag, service, "find_primes")
    assert (folder / "result" / "count.txt").read_text() == "78498\n"
    primes = [int(line) for line in (folder / "result" / "primes.txt").read_text().split()]
    assert primes[:10] == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]
    assert primes[-1] == 999983
    assert len(list((folder / "logs").glob("stdout.job-*.find.*"))) == 5


def test_primes_as_one_job(bag, service, client):
    demo.package(EXAMPLES, service.data_dir)
    found = run_dag(bag.dags["primes_as_one_job"])
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


def test_chain(bag, service):
    steps = run(bag, service, "chain") / "steps"
    assert [(steps / str(n)).read_text() for n in range(1, 11)] == [f"{n}\n" for n in range(1, 11)]


def test_fan_out(bag, service):
    folder = run(bag, service, "fan_out")
    assert {int(file.name): int(file.read_text()) for file in (folder / "results").iterdir()} == {
        n: 10 * n for n in range(1, 15)
    }
    assert len(bag.dags["fan_out"].get_task("source").downstream_task_ids) == 14
    assert bag.dags["fan_out"].get_task("alone").downstream_task_ids == set()


def test_two_workers(bag, service):
    found = run_dag(bag.dags["two_workers"])
    assert states(found) == {"talk": "success"}
    (ti,) = found.get_task_instances()
    client = dlc.Client(service.url, "local", "local")
    job = client.get_job(ti.xcom_pull(task_ids="talk", key="job_id"))
    logs = {pod.Type: client.get_pod_logs(job, pod.PodId).Logs[-1] for pod in job.Pods}
    assert logs["master"].endswith("the sum of 1000 numbers is 500500")
    assert logs["worker"].endswith("the master says 500500, which is right")


def test_train_and_evaluate(bag, service):
    folder = run(bag, service, "train_and_evaluate")
    line = json.loads((folder / "model" / "line.json").read_text())
    assert line == {"slope": pytest.approx(3, abs=0.01), "intercept": pytest.approx(2, abs=0.05)}
    assert 0.05 < float((folder / "report" / "error.txt").read_text()) < 0.12
