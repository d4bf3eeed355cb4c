"""An execution says how a graph runs; what its operators cannot take is an error."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.exceptions import BcsError, UnknownArgumentError
from airflow_provider_bcs.translator import (
    BatchComputeTaskGroup,
    Execution,
    GraphArguments,
    JobPerTask,
    PaiDlc,
    Plan,
    SingleJob,
    job_to_dag,
)
from tests.airflow.running import BashOperator, Nothing, run_dag, states
from tests.airflow.test_translator import edges, expected_edges
from tests.batchcompute.jobs import job, task

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
AUTO = {"ImageId": "img-ubuntu", "InstanceType": "ecs.g6.large"}
CHAIN = job(
    {name: task(f"echo {name}", ClusterId="", AutoCluster=AUTO) for name in ("a", "b", "c")},
    {"a": ["b"], "b": ["c"]},
    Name="chain-of-three",
)
ON_DLC = PaiDlc(images={"img-ubuntu": "ubuntu:22.04"})
EXPORTED = {each.__name__: each for each in (JobPerTask, SingleJob, PaiDlc)}
EXECUTIONS = [JobPerTask(), SingleJob(), ON_DLC]


@dataclass(frozen=True)
class OnThisMachine:
    """Run the command of each task with bash, as a DAG repository may do while a job file is written."""

    prefix: str = ""

    def operators(self, plan: Plan, graph: GraphArguments) -> Mapping[str, BashOperator]:
        return {
            name: graph.make(
                BashOperator,
                name,
                bash_command=self.prefix + node["DAG"]["Tasks"][name]["Parameters"]["Command"]["CommandLine"],
            )
            for name, node in plan.nodes.items()
        }


def test_one_line_of_a_dag_file_changes():
    arguments = {"operator_args": {"retries": 2, "poll_interval": 30}, "task_args": {"b": {"pool": "big"}}}
    for execution in EXECUTIONS:
        dag = job_to_dag(CHAIN, execution=execution, **arguments)
        assert expected_edges(CHAIN) <= edges(dag.tasks)
        assert [dag.get_task(name).retries for name in "abc"] == [2, 2, 2]
        assert dag.get_task("b").pool == "big"


@pytest.mark.parametrize(
    ("execution", "argument", "says"),
    [
        (JobPerTask(), "retires", "BatchComputeSubmitJobOperator has no such argument; did you mean retries?"),
        (JobPerTask(), "soft_fail", "BatchComputeSubmitJobOperator has no such argument"),
        (JobPerTask(), "max_log_lines", "BatchComputeSubmitJobOperator has no such argument; did you mean log_lines?"),
        (SingleJob(), "sof_fail", "or BatchComputeTaskOperator has no such argument; did you mean soft_fail?"),
        (SingleJob(), "images", "has no such argument"),
        (ON_DLC, "instance_typ", "BatchComputeTaskOnDlcOperator has no such argument; did you mean instance_type?"),
        (ON_DLC, "log_instances", "BatchComputeTaskOnDlcOperator has no such argument"),
    ],
)
def test_an_argument_that_no_operator_has(execution, argument, says):
    with pytest.raises(UnknownArgumentError) as caught:
        job_to_dag(CHAIN, execution=execution, operator_args={argument: 1})
    assert str(caught.value).startswith(f"operator_args: found {argument!r}; ")
    assert says in str(caught.value)
    assert isinstance(caught.value, BcsError)
    assert isinstance(caught.value, ValueError)
    with (
        DAG("d", start_date=START, schedule=None),
        pytest.raises(UnknownArgumentError, match=r"task_args\['b'\]: found"),
    ):
        BatchComputeTaskGroup("g", CHAIN, execution=execution, task_args={"b": {argument: 1}})


def test_an_argument_that_the_execution_sets():
    for execution in EXECUTIONS:
        with pytest.raises(UnknownArgumentError, match=r"operator_args: found 'task_id'; the execution itself sets"):
            job_to_dag(CHAIN, execution=execution, operator_args={"task_id": "x"})
    with pytest.raises(UnknownArgumentError, match=r"task_args\['b'\]: found 'job'; the execution itself sets"):
        job_to_dag(CHAIN, task_args={"b": {"job": {}}})


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_task_that_is_not_there(execution):
    with pytest.raises(UnknownArgumentError, match="task_args: found 'bb', which is no task of job chain-of-three"):
        job_to_dag(CHAIN, execution=execution, task_args={"bb": {"retries": 1}})


def test_arguments_of_single_tasks_on_dlc():
    own = {"image": "python:3.11", "instance_type": "ecs.c6.large", "dlc_job": {"Settings": {"Tags": {"a": "b"}}}}
    dag = job_to_dag(CHAIN, execution=PaiDlc(image="ubuntu:22.04", ignore=["ClusterId"]), task_args={"b": own})
    assert {name: getattr(dag.get_task("b"), name) for name in own} == own
    assert (dag.get_task("a").image, dag.get_task("a").instance_type) == ("ubuntu:22.04", None)


@pytest.mark.parametrize(
    "found", ["dlc", None, PaiDlc, {"images": {}}, SimpleNamespace(operators={}), Nothing(task_id="operator")]
)
def test_what_is_no_execution(found):
    with pytest.raises(TypeError, match=r"execution: found .*; expected an object such as JobPerTask\(\)"):
        job_to_dag(CHAIN, execution=found)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"images": {}, "instance_types": {}}, "execution=PaiDlc(images=..., instance_types=...)"),
        ({"cluster": {}}, "execution=JobPerTask(cluster=...)"),
    ],
)
def test_an_argument_of_an_execution_given_to_the_graph(given, line):
    with pytest.raises(TypeError) as caught:
        job_to_dag(CHAIN, **given)
    assert f"expected {line}, " in str(caught.value)
    with DAG("d", start_date=START, schedule=None), pytest.raises(TypeError) as caught:
        BatchComputeTaskGroup("g", CHAIN, **given)
    assert f"expected {line}, " in str(caught.value)


def test_executions_are_values():
    assert SingleJob(start_from_trigger=True) == SingleJob(start_from_trigger=True)
    for execution in EXECUTIONS:
        assert isinstance(execution, Execution)
        with pytest.raises(AttributeError):
            setattr(execution, fields(execution)[0].name, None)


@pytest.mark.parametrize("documented", [JobPerTask, SingleJob, PaiDlc, job_to_dag])
def test_the_example_of_a_docstring(documented, tmp_path):
    tasks = {"count": task("true", ClusterId="", AutoCluster=AUTO)}
    (tmp_path / "primes.json").write_text(json.dumps(job(tasks, Name="primes")))
    code = re.search(r"::\n\n((?: {4,}.*\n|\n)+)", inspect.getdoc(documented) + "\n")[1]
    found = []

    def here(file: str, **kwargs: Any) -> DAG:
        found.append(job_to_dag(str(tmp_path / file), **kwargs))
        return found[-1]

    exec(textwrap.dedent(code), {**EXPORTED, "job_to_dag": here})
    assert "count" in found[0].task_dict


@pytest.mark.usefixtures("airflow_db")
def test_an_execution_of_ones_own():
    own = OnThisMachine(prefix="set -e; ")
    assert isinstance(own, Execution)
    dag = job_to_dag(CHAIN, execution=own, operator_args={"retries": 1}, task_args={"b": {"env": {"X": "1"}}})
    assert edges(dag.tasks) == expected_edges(CHAIN)
    assert dag.get_task("b").env == {"X": "1"}
    assert dag.get_task("a").bash_command == "set -e; echo a"
    assert states(run_dag(dag)) == dict.fromkeys("abc", "success")
    with pytest.raises(
        UnknownArgumentError, match="operator_args: found 'bash_comand'; BashOperator has no .*mean bash_"
    ):
        job_to_dag(CHAIN, execution=own, operator_args={"bash_comand": "x"})
    with pytest.raises(UnknownArgumentError, match="package: found 'package'; BashOperator has no such argument"):
        job_to_dag(CHAIN, execution=own, package="programs", package_uri="oss://bucket/p/")


def _returning(found: Any) -> Any:
    class Own:
        def operators(self, plan, graph):
            return found(plan, graph)

    return Own()


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (lambda plan, graph: None, "found None; expected a dict of task names and their operators."),
        (
            lambda plan, graph: {name: graph.make(Nothing, name) for name in "ab"},
            "found no operator of task 'c'; expected one of each task.",
        ),
        (lambda plan, graph: dict.fromkeys("abc", "bash"), "found 'bash' of task 'a'; expected an operator"),
        (
            lambda plan, graph: {name: graph.make(Nothing, name).output for name in "abc"},
            "of task 'a'; expected an operator, which a TaskFlow task has in .operator.",
        ),
        (
            lambda plan, graph: dict.fromkeys("abc", graph.make(Nothing, "all")),
            "found operator 'all' of both 'a' and 'b'; expected one of each task.",
        ),
    ],
)
def test_an_execution_that_returns_something_else(found, says):
    with pytest.raises(TypeError, match=r"^Own\.operators: found ") as caught:
        job_to_dag(CHAIN, execution=_returning(found))
    assert says in str(caught.value)


def test_an_execution_of_mapped_operators():
    def mapped(plan, graph):
        return {name: BashOperator.partial(task_id=name).expand(bash_command=["true"]) for name in plan.nodes}

    assert edges(job_to_dag(CHAIN, execution=_returning(mapped)).tasks) == expected_edges(CHAIN)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"operator_args": "retries"}, "operator_args: found 'retries'; expected a dict of arguments."),
        ({"task_args": ["a"]}, "task_args: found ['a']; expected a dict of arguments."),
        ({"task_args": {"a": None}}, "task_args['a']: found None; expected a dict of arguments."),
    ],
)
def test_arguments_that_are_no_dict(given, says):
    with pytest.raises(TypeError, match="^" + re.escape(says)):
        job_to_dag(CHAIN, **given)


@pytest.mark.parametrize(
    ("argument", "value"), [("job_id", "job-1"), ("task_name", "other"), ("submit_task_id", "x"), ("task", {})]
)
def test_single_job_itself_says_what_each_task_follows(argument, value):
    for given in ({"operator_args": {argument: value}}, {"task_args": {"a": {argument: value}}}):
        with pytest.raises(UnknownArgumentError, match=f"found '{argument}'; the execution itself sets"):
            job_to_dag(CHAIN, execution=SingleJob(), **given)


@pytest.mark.parametrize(
    "given", [{"operator_args": {"wait_for_completion": 1}}, {"task_args": {"submit": {"wait_for_completion": 1}}}]
)
def test_single_job_never_waits_in_the_submitting_task(given):
    with pytest.raises(
        UnknownArgumentError, match="found 'wait_for_completion'; the tasks of the graph follow the job"
    ):
        job_to_dag(CHAIN, execution=SingleJob(), **given)


def test_default_args_hold_what_the_execution_leaves_open():
    given = {
        "images": {"img-ubuntu": "ubuntu:22.04"},
        "dlc_job": {"JobMaxRunningTimeMinutes": 60},
        "ignore": ["ClusterId"],
    }
    found = job_to_dag(CHAIN, execution=PaiDlc(), default_args=given).get_task("a")
    assert {name: getattr(found, name) for name in given} == given
    images = {"img-ubuntu": "python:3.11"}
    found = job_to_dag(CHAIN, execution=PaiDlc(images=images), default_args=given).get_task("a")
    assert (found.images, found.dlc_job) == (images, given["dlc_job"])


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_task_that_is_a_template_as_a_whole(execution):
    dag = job_to_dag(
        job({"a": "{{ params.task }}", "b": CHAIN["DAG"]["Tasks"]["b"]}, {"a": ["b"]}), execution=execution
    )
    dag.resolve_template_files()
    submitting = dag.get_task("submit" if isinstance(execution, SingleJob) else "a")
    assert submitting.job["DAG"]["Tasks"]["a"] == "{{ params.task }}"
