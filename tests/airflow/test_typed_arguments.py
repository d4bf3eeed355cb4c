"""Type checkers and editors know each argument of the public classes: mypy finds each wrong one."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, BaseOperator, BaseSensorOperator, TaskGroup

from airflow_provider_bcs import airflow_arguments, translator
from airflow_provider_bcs.provider_info import get_provider_info
from tests.airflow.running import AIRFLOW_3
from tests.child import LIMIT

PROJECT = Path(__file__).parents[2]
#: Right values of the arguments that have no default.
RIGHT = {
    "job": "{'Name': 'j'}",
    "cluster": "{'Name': 'c'}",
    "groups": "{'workers': 2}",
    "priority": "5",
    "instance_id": "0",
    "group": "TaskGroup('g')",
}
#: An argument that the class hands on to Airflow, and a wrong value of it.
HANDED_ON = {"operators": "retries='3'", "sensors": "poke_interval='60'", "group": "tooltip=3", "dag": "catchup='no'"}
_BY_NAME = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def public() -> dict[str, tuple[str, str]]:
    """Return module and kind of each public class and function that an author of DAGs calls, by its name."""
    found = {}
    for kind in ("operators", "sensors", "hooks"):
        for item in get_provider_info()[kind]:
            for module in item["python-modules"]:
                names = importlib.import_module(module).__all__
                found |= {name: (module, kind) for name in names if name[0].isupper()}
    kinds = {"job_to_dag": "dag", "BatchComputeTaskGroup": "group", "BatchComputeJobTaskGroup": "group"}
    own = ("JobPerTask", "SingleJob", "PaiDlc", "GraphArguments", "task_group_to_job")
    return found | {name: (translator.__name__, kinds.get(name, "")) for name in (*kinds, *own)}


def parameters(name: str, module: str) -> list[inspect.Parameter]:
    call: Any = getattr(importlib.import_module(module), name)
    return [each for each in inspect.signature(call).parameters.values() if each.name != "self"]


def call(name: str, given: dict[str, str], *more: str) -> str:
    # The group of task_group_to_job has no name.
    arguments = [
        value if (name, each) == ("task_group_to_job", "group") else f"{each}={value}" for each, value in given.items()
    ]
    return f"{name}({', '.join([*arguments, *more])})"


def lines() -> dict[str, str]:
    """Return calls, each with the code of the error that mypy has to find; empty for a right call."""
    calls = {}
    for name, (module, kind) in public().items():
        own = parameters(name, module)
        needed = {
            each.name: RIGHT.get(each.name, "'a'")
            for each in own
            if each.default is each.empty and each.kind is not each.VAR_KEYWORD
        }
        if kind in ("operators", "sensors"):
            needed["task_id"] = "'t'"
            calls[call(name, {each: value for each, value in needed.items() if each != "task_id"})] = "call-arg"
        calls[call(name, needed)] = ""
        calls[call(name, needed, "no_such_argument=1")] = "call-arg"
        if kind in HANDED_ON:
            calls[call(name, needed, HANDED_ON[kind])] = "arg-type"
        for each in own:
            if each.kind in _BY_NAME:
                calls[call(name, {**needed, each.name: "WRONG"})] = "arg-type"
    return calls


def test_mypy_finds_each_wrong_argument(tmp_path: Path) -> None:
    calls = lines()
    imports = [f"from {module} import {name}" for name, (module, _) in public().items()]
    imports += ["from airflow.providers.common.compat.sdk import TaskGroup", "class Wrong: ...", "WRONG = Wrong()"]
    program = tmp_path / "calls.py"
    program.write_text("\n".join([*imports, *calls]))
    command = [sys.executable, "-m", "mypy", "--strict", "--no-color-output", "--no-error-summary"]
    command += ["--config-file", str(PROJECT / "pyproject.toml"), "--cache-dir", str(PROJECT / ".mypy_cache")]
    done = subprocess.run([*command, str(program)], cwd=PROJECT, capture_output=True, text=True, timeout=LIMIT)
    text = program.read_text().splitlines()
    found = dict.fromkeys(calls, "")
    for number, code in re.findall(r"calls\.py:(\d+): error: .*\[([a-z-]+)\]$", done.stdout, re.MULTILINE):
        found[text[int(number) - 1]] = code
    assert len(calls) > 200
    assert found == calls, done.stdout + done.stderr


@pytest.mark.parametrize("name", public())
def test_no_argument_is_of_any_type(name: str) -> None:
    module, _ = public()[name]
    kinds = {each.name: each.annotation for each in parameters(name, module) if each.kind in _BY_NAME}
    assert {argument for argument, kind in kinds.items() if kind in ("Any", inspect.Parameter.empty)} == set()


def own_arguments(base: Any) -> set[str]:
    given = inspect.signature(vars(base)["__init__"]).parameters.values()
    return {each.name for each in given if each.kind in _BY_NAME} - {"self", "group_id", "dag_id"}


#: Arguments that only one version of Airflow has.
OF_2 = {
    "OperatorArguments": {"task_concurrency"},
    "SensorArguments": set[str](),
    "TaskGroupArguments": set[str](),
    "DagArguments": {
        *("concurrency", "default_view", "fail_stop", "full_filepath", "orientation", "schedule_interval", "timetable")
    },
}
OF_3 = {
    "OperatorArguments": {"render_template_as_native_obj", "retry_policy"},
    "SensorArguments": set[str](),
    "TaskGroupArguments": {"doc_md", "group_display_name"},
    "DagArguments": {
        *("allowed_run_types", "deadline", "disable_bundle_versioning", "fail_fast", "rerun_with_latest_version"),
        "task_group",
    },
}


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("OperatorArguments", BaseOperator),
        ("SensorArguments", BaseSensorOperator),
        ("TaskGroupArguments", TaskGroup),
        ("DagArguments", DAG),
    ],
)
def test_the_arguments_are_those_of_airflow(name: str, base: Any) -> None:
    """A new version of Airflow may have others: then the class needs them too."""
    listed = set(vars(getattr(airflow_arguments, name))["__annotations__"])
    if name == "SensorArguments":
        listed -= set(airflow_arguments.OperatorArguments.__annotations__)
    assert listed - (OF_2 if AIRFLOW_3 else OF_3)[name] == own_arguments(base)
