"""A DAG file that was written from a job is the DAG that the job would have become, and clean code."""

from __future__ import annotations

import ast
import itertools
import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_bcs import demo
from airflow_provider_bcs.translator import job_to_dag
from airflow_provider_bcs.translator.dag_file import dag_file
from airflow_provider_bcs.translator.plan import plan_job
from airflow_provider_bcs.translator.python_literal import literal
from tests.airflow.running import dag_bag, poll_often, run_dag, states
from tests.batchcompute.jobs import graphs, job, task
from tests.batchcompute.legacy_jobs import v1_jobs
from tests.child import LIMIT

pytestmark = pytest.mark.filterwarnings("ignore::airflow_provider_bcs.description.violation.JobWarning")

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "example_dags").glob("*.json"))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=10), inner, max_size=3)
    ),
    max_leaves=20,
)
# What could end a literal, a line or a comment, and what is no character at all.
nasty = st.lists(
    st.sampled_from(["'", '"', '"""', "\\", "\n", "\r", "\t", "\0", "{{ ds }}", "é", "中", "\u202e", "\ud800", " x"]),
    max_size=40,
).map("".join)
JOB_FOR_LINT = job(
    {
        "in": task("python x.py " + "a long command line " * 12),
        "Train-Model": task("sh -c 'echo \"$HOME\"'", InputMapping={"oss://bucket/" + "k" * 150: "/home/in/"}),
        "dag": task("echo it's"),
        "a-b": task(r"echo 'a\b' " + '"c"'),
        "a_b": task(
            "echo {{ ds }}", AutoCluster={"SpotPriceLimit": 0.125, "UserData": {}, "ImageId": "img-x"}, ClusterId=""
        ),
        "l": task(),
        "x" * 64: task(),
        "y" * 64: task(),
        "print": task(),
    },
    {"in": ["Train-Model", "dag", "a-b", "a_b", "l"], "x" * 64: ["y" * 64], "dag": ["x" * 64, "y" * 64], "print": []},
    Description='A "quoted" job: ' + "words " * 40,
)


def lint(*arguments, folder):
    """Run ruff in a folder that is nobody's project."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "."], cwd=folder, capture_output=True, text=True, timeout=LIMIT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def same(written, built):
    assert written.dag_id == built.dag_id
    assert written.description == built.description
    assert written.start_date == built.start_date
    assert type(written.timetable) is type(built.timetable)
    assert set(written.task_ids) == set(built.task_ids)
    for name in built.task_ids:
        assert written.get_task(name).job == built.get_task(name).job
        assert written.get_task(name).downstream_task_ids == built.get_task(name).downstream_task_ids


def executed(text):
    """Return the DAG that a file makes."""
    space = {}
    exec(compile(text, "written.py", "exec"), space)
    return space["dag"]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(graphs(max_tasks=10))
def test_the_file_makes_the_same_dag(description):
    same(executed(dag_file(plan_job(description), "a.json")), job_to_dag(description))


def with_texts(description, texts):
    """Put texts where a job may hold any: its description, command lines, variables."""
    texts = itertools.cycle(texts)
    description["Description"] = next(texts)
    for item in description["DAG"]["Tasks"].values():
        item["Parameters"]["Command"] |= {"CommandLine": next(texts), "EnvVars": {"X" + next(texts): next(texts)}}
    return description


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.builds(with_texts, graphs(max_tasks=3), st.lists(nasty, min_size=1, max_size=5)), nasty)
def test_no_text_of_a_job_becomes_code(description, source):
    text = dag_file(plan_job(description), source)
    same(executed(text.encode().decode()), job_to_dag(description))
    kinds = [type(node).__name__ for node in ast.parse(text).body]
    assert kinds in (
        ["Expr", "Import", "ImportFrom", "ImportFrom", "With"],
        ["Expr", "Import", "ImportFrom", "ImportFrom", "Assign", "With"],
    )


@settings(max_examples=500)
@given(values)
def test_a_literal_is_the_value(value):
    code = literal(value)
    assert ast.literal_eval(code.encode().decode()) == value
    assert len(code.splitlines()) == code.count("\n") + 1


def test_literals_are_laid_out_as_a_formatter_does(tmp_path):
    """One run of the formatter for all, since starting it is what takes the time."""
    found = []

    @settings(max_examples=300, database=None)
    @given(values | nasty)
    def collect(value):
        found.append(value)

    collect()
    found += [1e16, 1e-7, 1.5e300, -1, "it's", 'it is "so"', 'it\'s "so"', "x" * 500]
    (tmp_path / "literals.py").write_text(f"VALUES = {literal(found)}\n")
    for config in (["--isolated"], ["--config", str(ROOT / "pyproject.toml")]):
        lint("format", "--check", *config, folder=tmp_path)


def test_airflow_parses_many_written_files_and_linters_find_nothing(tmp_path):
    """As Airflow parses them; one run of each tool for all, since starting one is what takes the time."""
    described = {}

    @settings(max_examples=40, database=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(graphs(max_tasks=12), v1_jobs()))
    def write(description):
        name = f"d{uuid.uuid4().hex}"
        described[name] = description = {**description, ("Name" if "Name" in description else "JobName"): name}
        (tmp_path / f"{name}.py").write_text(dag_file(plan_job(description), f"{name}.json"))

    write()
    for name, description in {"nasty": JOB_FOR_LINT, **{file.stem: file for file in EXAMPLES}}.items():
        (tmp_path / f"{name}.py").write_text(dag_file(plan_job(description), f"{name}.json"))
    for config in (["--isolated"], ["--config", str(ROOT / "pyproject.toml")]):
        lint("format", "--check", *config, folder=tmp_path)
    lint("check", "--isolated", "--target-version", "py310", folder=tmp_path)
    lint("check", "--isolated", folder=tmp_path)
    # A text of the job is never cut, so a line can be as long as a text.
    lint("check", "--config", str(ROOT / "pyproject.toml"), "--extend-ignore", "E501", folder=tmp_path)
    bag = dag_bag(tmp_path)
    assert bag.import_errors == {}
    for name, description in described.items():
        same(bag.dags[name], job_to_dag(description))


@pytest.mark.usefixtures("airflow_db", "connection")
def test_a_written_file_runs(tmp_path, service):
    demo.package(ROOT / "example_dags", service.data_dir)
    (tmp_path / "written.py").write_text(dag_file(plan_job(ROOT / "example_dags" / "find_primes.json"), "x.json"))
    dag = dag_bag(tmp_path).dags["find-primes"]
    poll_often(dag)
    found = run_dag(dag)
    assert states(found) == {"split": "success", "find": "success", "merge": "success"}
    folder = service.data_dir / "oss" / "bcs-demo" / "find_primes" / found.run_id
    assert (folder / "result" / "count.txt").read_text() == "78498\n"


@pytest.mark.parametrize(
    ("names", "variables"),
    [
        (["a-b", "a_b", "A-B"], ["a_b", "a_b_2", "a_b_3"]),
        (["in", "dag", "list", "pendulum", "l"], ["in_", "dag_", "list_", "pendulum_", "l_"]),
        (["FindPrimes", "_", "--", "_2nd-task"], ["find_primes", "task", "task_2", "task_2nd_task"]),
        (["x" * 64, "x" * 63], ["x" * 40, "x" * 40 + "_2"]),
        (["a_2", "a", "A"], ["a_2", "a", "a_3"]),
    ],
)
def test_variables(names, variables):
    tree = ast.parse(dag_file(plan_job(job({name: task() for name in names})), "a.json"))
    (block,) = (node for node in tree.body if isinstance(node, ast.With))
    assert [node.targets[0].id for node in block.body if isinstance(node, ast.Assign)] == variables


def test_one_task_shares_nothing_and_json_text_is_kept():
    text = dag_file(plan_job(json.dumps(job(Priority=7))), "a.json")
    assert "JOB" not in text
    assert executed(text).get_task("count").job["Priority"] == 7
