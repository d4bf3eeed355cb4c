"""Each example DAG, as Airflow parses it, run to its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_bcs import demo
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


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.json")), ids=lambda file: file.stem)
def test_each_job_file_is_valid(file):
    assert validate_job(file) == []


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.py")), ids=lambda file: file.stem)
def test_each_dag_file_is_two_or_three_lines(file):
    code = [line for line in file.read_text().split('"""')[2].splitlines() if line.strip()]
    assert len(code) <= 3


def test_find_primes(bag, service):
    demo.package(EXAMPLES, service.data_dir)
    folder = run(bag, service, "find_primes")
    assert (folder / "result" / "count.txt").read_text() == "78498\n"
    primes = [int(line) for line in (folder / "result" / "primes.txt").read_text().split()]
    assert primes[:10] == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]
    assert primes[-1] == 999983
    assert len(list((folder / "logs").glob("stdout.job-*.find.*"))) == 5


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
