"""What an author sees of a bad job file: one clear message, in Airflow's import errors and from the command."""

from __future__ import annotations

import json
import re

import pytest

from airflow_provider_bcs.cli import main
from tests.airflow.running import dag_bag
from tests.batchcompute.jobs import job, task

BAD = {
    "not_json": ("{'Name': 1}", "not_json.json is not JSON: Expecting property name"),
    "empty": ("", "empty.json is empty."),
    "misspelt": (json.dumps(job({"a": task(Tiemout=3)})), "DAG.Tasks.a.Tiemout: InvalidTiemout: "),
    "cycle": (
        json.dumps(job({"a": task(), "b": task()}, {"a": ["b"], "b": ["a"]})),
        "DAG.Dependencies: BadDAG: It is a cyclic dag. Found the cycle ",
    ),
    "huge": (None, "huge.json: found 100.0 MiB; expected at most 16 MiB."),
}


@pytest.fixture(params=BAD)
def bad(request, tmp_path):
    content, says = BAD[request.param]
    file = tmp_path / f"{request.param}.json"
    if content is None:
        with file.open("wb") as handle:
            handle.truncate(100 * 1024 * 1024)
    else:
        file.write_text(content)
    return file, says


DAG_FILES = {
    "dag": "from airflow_provider_bcs.translator import job_to_dag\ndag = job_to_dag('{file}', dag_id='d')\n",
    "group": (
        "from airflow.providers.common.compat.sdk import DAG\n"
        "from airflow_provider_bcs.translator import BatchComputeTaskGroup\n"
        "with DAG('d', schedule=None) as dag:\n    BatchComputeTaskGroup('g', '{file}')\n"
    ),
    "operator": (
        "from datetime import datetime\n"
        "from airflow.providers.common.compat.sdk import DAG\n"
        "from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator\n"
        "with DAG('d', schedule=None, start_date=datetime(2024, 1, 1)) as dag:\n"
        "    BatchComputeSubmitJobOperator(task_id='t', job='{file}')\n"
    ),
}


@pytest.mark.parametrize("kind", DAG_FILES)
def test_in_airflows_import_errors(bad, tmp_path, kind):
    file, says = bad
    (tmp_path / "dags.py").write_text(DAG_FILES[kind].format(file=file.name))
    (error,) = dag_bag(tmp_path).import_errors.values()
    assert says in error


def test_from_the_command(bad, capsys):
    file, says = bad
    assert main(["validate", str(file)]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert re.match(rf"{re.escape(str(file))}:(\d+:)? ", line)
    assert says.removeprefix(f"{file.name} ") in line
