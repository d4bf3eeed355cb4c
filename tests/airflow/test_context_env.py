"""The trail from a job back to the Airflow task that has submitted it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowException

from airflow_provider_bcs.airflow_versions import submitter, traceparent
from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.batchcompute.facts import MAX_VARIABLES
from airflow_provider_bcs.dlc.facts import MAX_BODY_SIZE, MAX_JOB_TAGS, MAX_TAG_VALUE_LENGTH
from airflow_provider_bcs.dlc.rules import body_size
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.translator import JobPerTask, PaiDlc, SingleJob, job_to_dag
from airflow_provider_bcs.waiting.submission import submission_token
from tests.airflow.running import AIRFLOW_3, output, rendered, run_dag, states
from tests.batchcompute.jobs import job, task
from tests.dlc.jobs import job as dlc_job
from tests.local.service import Service

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
ONE_RETRY: dict[str, Any] = {"retries": 1, "retry_delay": timedelta(0)}
AUTO = {"ClusterId": "", "AutoCluster": {"ImageId": "img-ubuntu", "InstanceType": "ecs.g6.large"}}
ON_DLC = PaiDlc(images={"img-ubuntu": "ubuntu:22.04"})


@pytest.fixture
def folder(service: Service) -> Path:
    """A folder that the programs of jobs can write to."""
    made = service.data_dir.parent / f"n{uuid.uuid4().hex}"
    made.mkdir()
    return made


def variables(file: Path) -> dict[str, str]:
    """Return what ``env`` has printed of the trail."""
    lines = (line.partition("=") for line in file.read_text().splitlines())
    return {name: value for name, _, value in lines if re.match("AIRFLOW_CTX_|TRACEPARENT|OPENLINEAGE_", name)}


def expected(dag_run: Any, task_id: str, try_number: int = 1) -> dict[str, str]:
    return {
        "AIRFLOW_CTX_DAG_ID": dag_run.dag_id,
        "AIRFLOW_CTX_DAG_RUN_ID": dag_run.run_id,
        "AIRFLOW_CTX_LOGICAL_DATE": dag_run.logical_date.isoformat(),
        "AIRFLOW_CTX_TASK_ID": task_id,
        "AIRFLOW_CTX_TRY_NUMBER": str(try_number),
    }


def run(operator: type, **kwargs: Any) -> Any:
    with DAG(f"trail_{uuid.uuid4().hex[:8]}", start_date=START, schedule=None) as dag:
        operator(task_id="submit", poll_interval=0.2, **kwargs)
    return run_dag(dag)


def only_job(client: Client, cluster: str) -> tuple[Any, Any]:
    """Return the only job of a cluster, and its description."""
    (found,) = client.list_jobs(cluster_id=cluster)
    return found, client.get_job_description(found.Id)


def env_vars(description: Any, name: str = "a") -> dict[str, str]:
    return dict(description.DAG.Tasks[name].Parameters.Command.EnvVars)


@pytest.mark.parametrize("deferrable", [False, True])
def test_env_of_a_batchcompute_program(client, folder, deferrable):
    found = run(
        BatchComputeSubmitJobOperator,
        job=job({"a": task(f"sh -c 'env > {folder}/a'", ClusterId=folder.name)}),
        deferrable=deferrable,
    )
    assert states(found) == {"submit": "success"}
    assert variables(folder / "a") == expected(found, "submit")
    _, description = only_job(client, folder.name)
    assert description.Description == f"Airflow DAG {found.dag_id}, run {found.run_id}, task submit"
    # What the UI shows is what the author has written.
    assert "AIRFLOW_CTX" not in str(rendered(found, "submit"))


def test_env_and_tags_of_a_dlc_pod(dlc, folder):
    name = folder.name
    found = run(DlcSubmitJobOperator, job=dlc_job(f"env > {folder}/$RANK", pods=2, DisplayName=name))
    assert variables(folder / "0") == variables(folder / "1") == expected(found, "submit")
    (submitted,) = dlc.list_jobs(display_name=name)
    tags = submitted.Settings.Tags
    assert (tags["airflow-dag"], tags["airflow-run"], tags["airflow-task"]) == (found.dag_id, found.run_id, "submit")
    assert "AIRFLOW_CTX" not in str(rendered(found, "submit"))


@pytest.mark.parametrize("execution", [JobPerTask(), ON_DLC, SingleJob()], ids=lambda each: type(each).__name__)
def test_a_translated_graph(execution, folder):
    tasks = {name: task(f"sh -c 'env > {folder}/{name}'", **AUTO) for name in "ab"}
    dag = job_to_dag(
        job(tasks, {"a": ["b"]}, Name=f"trail-{folder.name}"),
        execution=execution,
        operator_args={"poll_interval": 0.2},
    )
    found = run_dag(dag)
    assert set(states(found).values()) == {"success"}
    for name in "ab":
        values = expected(found, name)
        if isinstance(execution, SingleJob):
            # One job of many tasks has no task and no try.
            del values["AIRFLOW_CTX_TASK_ID"], values["AIRFLOW_CTX_TRY_NUMBER"]
        assert variables(folder / name) == values


@pytest.mark.parametrize("execution", [JobPerTask(), ON_DLC, SingleJob()], ids=lambda each: type(each).__name__)
def test_no_trail(execution, folder):
    dag = job_to_dag(
        job({"a": task(f"sh -c 'env > {folder}/a'", **AUTO)}, Name=f"off-{folder.name}"),
        execution=execution,
        operator_args={"poll_interval": 0.2, "context_env": False},
    )
    assert set(states(run_dag(dag)).values()) == {"success"}
    assert variables(folder / "a") == {}


def test_a_mapped_task_names_its_index(folder):
    with DAG("trail_mapped", start_date=START, schedule=None) as dag:
        jobs = [job({"a": task(f"sh -c 'env > {folder}/{number}'")}) for number in range(2)]
        BatchComputeSubmitJobOperator.partial(task_id="each", poll_interval=0.2).expand(job=jobs)
    found = run_dag(dag)
    for number in range(2):
        assert variables(folder / str(number)) == {**expected(found, "each"), "AIRFLOW_CTX_MAP_INDEX": str(number)}


def giving_up(operator: type, tries: int, *, before: bool = False) -> type:
    """Return an operator whose first tries fail, after the job was submitted or before."""
    tokens: list[str] = []

    class Giving(operator):  # type: ignore[misc, valid-type]
        def execute(self, context: Any) -> Any:
            tokens.append(submission_token(submitter(context)))
            self._gives_up = context["ti"].try_number <= tries
            if self._gives_up and before:
                raise AirflowException("gave up")
            return super().execute(context)

        def _wait(self, job_id: str) -> str:
            if self._gives_up:
                raise AirflowException("gave up")
            return str(super()._wait(job_id))

    Giving.tokens = tokens  # type: ignore[attr-defined]
    return Giving


THREE_TRIES: dict[str, Any] = {"retries": 2, "retry_delay": timedelta(0)}


def test_tries_have_one_token_and_find_one_batchcompute_job(client, folder):
    operator = giving_up(BatchComputeSubmitJobOperator, tries=2)
    found = run(operator, job=job({"a": task("sleep 3", ClusterId=folder.name)}), **THREE_TRIES)
    assert states(found) == {"submit": "success"}
    assert len(operator.tokens) == 3
    assert len(set(operator.tokens)) == 1
    submitted, description = only_job(client, folder.name)
    assert submitted.State == "Finished"
    # The try that created the job.
    assert env_vars(description) == expected(found, "submit")


def test_tries_have_one_token_and_find_one_dlc_job(dlc, folder):
    operator = giving_up(DlcSubmitJobOperator, tries=2)
    name = folder.name
    found = run(operator, job=dlc_job("sleep 3", DisplayName=name), **THREE_TRIES)
    assert states(found) == {"submit": "success"}
    assert len(operator.tokens) == 3
    assert len(set(operator.tokens)) == 1
    (submitted,) = dlc.list_jobs(display_name=name)
    assert dlc.get_job(submitted.JobId).Envs == expected(found, "submit")


def test_the_try_is_that_which_created_the_job(client, folder):
    operator = giving_up(BatchComputeSubmitJobOperator, tries=1, before=True)
    found = run(operator, job=job({"a": task("true", ClusterId=folder.name)}), **ONE_RETRY)
    _, description = only_job(client, folder.name)
    assert env_vars(description) == expected(found, "submit", try_number=2)


def test_a_changed_description_is_still_noticed(client, folder):
    """Three descriptions with one token: the variables of no try make them equal."""
    seconds = "{{ 600 if ti.try_number == 1 else 0 }}"
    operator = giving_up(BatchComputeSubmitJobOperator, tries=1)
    found = run(operator, job=job({"a": task(f"sleep {seconds}", ClusterId=folder.name)}), **ONE_RETRY)
    assert states(found) == {"submit": "success"}
    before, after = client.list_jobs(cluster_id=folder.name, reverse=True)
    assert after.State == "Finished"
    assert env_vars(client.get_job_description(after.Id)) == expected(found, "submit", try_number=2)
    if before.State == "Running":
        client.stop_job(before)


def test_the_trace_is_that_of_the_try_which_created_the_job(client, folder, monkeypatch):
    monkeypatch.setenv("AIRFLOW__TRACES__OTEL_ON", "True")
    traces = []

    class Traced(giving_up(BatchComputeSubmitJobOperator, tries=2)):  # type: ignore[misc]
        def execute(self, context: Any) -> Any:
            if AIRFLOW_3:
                # A worker gets another one for each try; dag.test() gives none.
                trace = f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01"
                context["ti"].context_carrier = {"traceparent": trace}
            traces.append(traceparent(context["ti"]))
            return super().execute(context)

    found = run(Traced, job=job({"a": task("sleep 2", ClusterId=folder.name)}), **THREE_TRIES)
    assert states(found) == {"submit": "success"}
    assert len(set(traces)) == 3
    assert all(re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01", each) for each in traces)
    _, description = only_job(client, folder.name)
    assert env_vars(description) == {**expected(found, "submit"), "TRACEPARENT": traces[0]}


def test_openlineage_parent_of_a_try(client, folder, monkeypatch):
    pytest.importorskip("airflow.providers.openlineage")
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__TRANSPORT", '{"type": "console"}')
    operator = giving_up(BatchComputeSubmitJobOperator, tries=1)
    found = run(operator, job=job({"a": task("sleep 2", ClusterId=folder.name)}), **ONE_RETRY)
    assert states(found) == {"submit": "success"}
    _, description = only_job(client, folder.name)
    values = env_vars(description)
    parent = values["OPENLINEAGE_PARENT_ID"].split("/")
    assert parent == [values[f"OPENLINEAGE_PARENT_{part}"] for part in ("JOB_NAMESPACE", "JOB_NAME", "RUN_ID")]
    assert parent[1] == f"{found.dag_id}.submit"
    assert uuid.UUID(parent[2])


@pytest.mark.parametrize(("given", "fits"), [(MAX_VARIABLES - 5, True), (MAX_VARIABLES - 4, False), (64, False)])
def test_a_batchcompute_task_with_many_variables(client, folder, caplog, capfd, given, fits):
    own = {f"OWN_{number}": "x" for number in range(given)}
    full = task("true", ClusterId=folder.name)
    full["Parameters"]["Command"]["EnvVars"] = own
    found = run(BatchComputeSubmitJobOperator, job=job({"a": full, "b": task("true", ClusterId=folder.name)}))
    assert states(found) == {"submit": "success"}
    _, description = only_job(client, folder.name)
    assert env_vars(description) == {**own, **(expected(found, "submit") if fits else {})}
    # The other task has room.
    assert env_vars(description, "b") == expected(found, "submit")
    line = (
        f"Task a is submitted without the variables of its Airflow task: found {given} EnvVars; the service takes at"
        f" most 64."
    )
    assert (line in output(caplog, capfd)) is not fits


def test_values_of_the_author_win(client, dlc, folder):
    own = task("true", ClusterId=folder.name)
    own["Parameters"]["Command"]["EnvVars"] = {"AIRFLOW_CTX_DAG_ID": "mine"}
    found = run(BatchComputeSubmitJobOperator, job=job({"a": own}, Description="mine too"))
    _, description = only_job(client, folder.name)
    assert description.Description == "mine too"
    assert env_vars(description) == {**expected(found, "submit"), "AIRFLOW_CTX_DAG_ID": "mine"}

    name = folder.name
    found = run(
        DlcSubmitJobOperator,
        job=dlc_job(
            DisplayName=name,
            Envs={"AIRFLOW_CTX_DAG_ID": "mine"},
            CustomEnvs=[{"Key": "AIRFLOW_CTX_TASK_ID", "Value": "mine"}],
            Settings={"Tags": {"airflow-dag": "mine"}},
        ),
    )
    (listed,) = dlc.list_jobs(display_name=name)
    values = {**expected(found, "submit"), "AIRFLOW_CTX_DAG_ID": "mine"}
    del values["AIRFLOW_CTX_TASK_ID"]
    assert dlc.get_job(listed.JobId).Envs == values
    assert listed.Settings.Tags["airflow-dag"] == "mine"


def _large(description: dict[str, Any]) -> None:
    """Fill the body, so that only the submission's own tag and name fit in."""
    description["Envs"] = {"LARGE": ""}
    description["Envs"]["LARGE"] = "x" * (MAX_BODY_SIZE - body_size(description) - 300)


def _many_tags(description: dict[str, Any]) -> None:
    description["Settings"] = {"Tags": {f"own-{number}": "x" for number in range(MAX_JOB_TAGS - 2)}}


@pytest.mark.parametrize(
    ("change", "line", "has_variables"),
    [
        (
            _large,
            r"without the variables and tags of its Airflow task: found \d+ bytes with them; .* most 65536\.",
            False,
        ),
        (
            _many_tags,
            r"without the tags of its Airflow task: found 22 tags with them; the service takes at most 20\.",
            True,
        ),
    ],
)
def test_limits_of_a_dlc_job(dlc, folder, caplog, capfd, change: Callable[..., None], line, has_variables):
    name = folder.name
    description = dlc_job(DisplayName=name)
    change(description)
    found = run(DlcSubmitJobOperator, job=description)
    assert states(found) == {"submit": "success"}
    assert re.search(line, output(caplog, capfd))
    (listed,) = dlc.list_jobs(display_name=name)
    assert "airflow-dag" not in listed.Settings.Tags
    assert ("AIRFLOW_CTX_DAG_ID" in dlc.get_job(listed.JobId).Envs) is has_variables


def test_a_long_id_is_cut_in_a_tag_only(dlc, folder):
    name = folder.name
    with DAG("long_" + "d" * 200, start_date=START, schedule=None) as dag:
        DlcSubmitJobOperator(task_id="submit", poll_interval=0.2, job=dlc_job(DisplayName=name))
    found = run_dag(dag)
    (listed,) = dlc.list_jobs(display_name=name)
    assert listed.Settings.Tags["airflow-dag"] == found.dag_id[:MAX_TAG_VALUE_LENGTH]
    assert dlc.get_job(listed.JobId).Envs["AIRFLOW_CTX_DAG_ID"] == found.dag_id
