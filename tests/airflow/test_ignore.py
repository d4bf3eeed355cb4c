"""The argument ``ignore``: an author lets pass what the provider finds wrong; the service decides."""

from __future__ import annotations

import json
import warnings
from datetime import datetime, timezone

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.description.violation import JobWarning
from airflow_provider_bcs.dlc.conversion import convert
from airflow_provider_bcs.exceptions import InvalidJobError
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_cluster import BatchComputeCreateClusterOperator
from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.translator import (
    BatchComputeJobTaskGroup,
    BatchComputeTaskGroup,
    JobPerTask,
    PaiDlc,
    SingleJob,
    job_to_dag,
    task_group_to_job,
)
from tests.airflow.running import output, run_dag, states
from tests.batchcompute.clusters import cluster
from tests.batchcompute.jobs import job, task
from tests.dlc.bodies import body, role
from tests.dlc.jobs import job as dlc_job

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
TOO_LONG = 100 * 24 * 3600
ON_DLC = PaiDlc(image="ubuntu:22.04", instance_type="ecs.g6.large", ignore=["ClusterId"])
EXECUTIONS = [JobPerTask(), SingleJob(), ON_DLC]
#: Two tasks; the second has a Timeout that the service is known to refuse.
LATE = job({"first": task(), "second": task(Timeout="1h")}, {"first": ["second"]})


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error", JobWarning)
        yield


def new_dag() -> DAG:
    return DAG("ignoring", start_date=START, schedule=None)


@pytest.mark.parametrize("name", ["Timeout", "DAG.Tasks.second.Timeout", "DAG.Tasks.second"])
@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_graph(execution, name):
    with pytest.raises(InvalidJobError, match="second.Timeout"):
        job_to_dag(LATE, execution=execution)
    if execution is ON_DLC and name == "DAG.Tasks.second":
        # Without the task there is nothing that could be converted.
        return
    dag = job_to_dag(LATE, execution=execution, ignore=[name])
    dag.resolve_template_files()
    submitted = dag.get_task("submit" if isinstance(execution, SingleJob) else "second")
    assert submitted.job["DAG"]["Tasks"]["second"]["Timeout"] == "1h"
    with new_dag():
        BatchComputeTaskGroup("g", LATE, execution=execution, ignore=[name])


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_single_task_of_a_graph(execution):
    arguments = {"ignore": ["Timeout", "ClusterId"]}
    of_task = {"submit" if isinstance(execution, SingleJob) else "second": arguments}
    if isinstance(execution, SingleJob):
        dag = job_to_dag(LATE, execution=execution, operator_args=arguments)
    else:
        dag = job_to_dag(LATE, execution=execution, task_args=of_task)
    dag.resolve_template_files()
    both = job({name: task(Timeout="1h") for name in ("first", "second")})
    if not isinstance(execution, SingleJob):
        with pytest.raises(InvalidJobError, match="first.Timeout") as caught:
            job_to_dag(both, execution=execution, task_args=of_task)
        assert "second" not in str(caught.value)


@pytest.mark.parametrize("execution", [JobPerTask(), SingleJob()])
def test_the_way_back_to_a_job(execution):
    dag = job_to_dag(LATE, execution=execution, ignore=["Timeout"])
    assert task_group_to_job(dag)["DAG"]["Tasks"]["second"]["Timeout"] == "1h"


def test_a_field_that_is_left_out_on_dlc():
    dag = job_to_dag(LATE, execution=ON_DLC, ignore=["Timeout"])
    longest = job_to_dag(job({"second": task()}), execution=ON_DLC).get_task("second")
    second = dag.get_task("second")
    assert second.ignore == ("Timeout", "ClusterId")
    minutes = [convert(one.job, one.options).body["JobMaxRunningTimeMinutes"] for one in (second, longest)]
    assert minutes[0] == minutes[1]


def test_what_the_conversion_cannot_leave_out():
    content = job({"t": task(Mounts={"Entries": [{"Source": 5, "Destination": "/mnt/x"}]})})
    with pytest.raises(InvalidJobError, match=r"Mounts\.Entries\.0\.Source"):
        job_to_dag(content, execution=ON_DLC, ignore=["Mounts.Entries.Source"])
    assert job_to_dag(content, execution=ON_DLC, ignore=["Mounts.Entries"])
    assert job_to_dag(content, execution=JobPerTask(), ignore=["Mounts.Entries.Source"])


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"DisplayName": "model[7b/0]"}, "DisplayName"),
        ({"JobMaxRunningTimeMinutes": -1}, "JobMaxRunningTimeMinutes"),
        ({"Settings": {"JobReservedMinutes": "ten"}}, "Settings.JobReservedMinutes"),
        ({"JobSpecs": [role(EcsSpec={"Family": "g6"})]}, "JobSpecs.EcsSpec"),
        ({"JobSpecs": [role(EcsSpec={"Family": "g6"})]}, "JobSpecs.0.EcsSpec"),
        ({"JobSpecs": []}, "JobSpecs"),
        ({"UserCommand": "x" * 70_000}, "$"),
    ],
)
def test_a_job_of_dlc(changes, name):
    with new_dag():
        with pytest.raises(InvalidJobError):
            DlcSubmitJobOperator(task_id="a", job=body(**changes))
        found = DlcSubmitJobOperator(task_id="b", job=body(**changes), ignore=[name])
    assert found.problems(found.job, templates=False) == []


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"Settings": {"QuotaInstanceTypes": ["ecs.g6.large"]}}, "Settings.QuotaInstanceTypes"),
        ({"JobType": "JaxJob"}, "JobType"),
        ({"Priority": 12}, "Priority"),
        ({"DataSources": [{"Uri": "dlf://catalog/table", "MountPath": "/in"}]}, "DataSources.0.Uri"),
        ({"UserCommand": " "}, "JobSpecs.UserCommand"),
    ],
)
def test_a_warning_of_dlc(changes, name):
    with new_dag():
        with pytest.raises(JobWarning, match=name.removeprefix("JobSpecs.")):
            DlcSubmitJobOperator(task_id="a", job=body(**changes))
        DlcSubmitJobOperator(task_id="b", job=body(**changes), ignore=[name])


@pytest.mark.parametrize("changes", [{"DisplayName": None}, {"DisplayName": 7}, {"Settings": "x"}])
def test_what_the_provider_itself_needs(changes):
    with new_dag(), pytest.raises(InvalidJobError):
        DlcSubmitJobOperator(task_id="a", job=body(**changes), ignore=[*changes])


@pytest.mark.parametrize(
    "content",
    [
        job(Name=7),
        job({"a": "text"}),
        job({"a": task(OutputMapping=["/out/"])}),
        job({"a": {**task(), "Parameters": {"Command": {}}}}),
        job({"a": task()}, {"a": ["nothing"]}),
        job({"a": task(), "b": task()}, {"a": ["b"], "b": ["a"]}),
    ],
)
@pytest.mark.parametrize("execution", EXECUTIONS)
def test_what_no_graph_can_do_without(content, execution):
    everything = ["Name", "DAG", "DAG.Tasks", "OutputMapping", "Parameters", "DAG.Dependencies", "Dependencies"]
    if execution is ON_DLC and "OutputMapping" in str(content):
        content["DAG"]["Tasks"]["a"]["Parameters"] = 5
    with pytest.raises(InvalidJobError):
        job_to_dag(content, execution=execution, ignore=everything)


def test_a_cluster():
    wrong = cluster()
    wrong["Groups"]["group1"]["DesiredVMCount"] = 70_000
    wrong["NewField"] = 1
    with new_dag():
        with pytest.raises(InvalidJobError, match="DesiredVMCount"):
            BatchComputeCreateClusterOperator(task_id="a", cluster=wrong, ignore=["NewField"])
        names = ["Groups.group1.DesiredVMCount", "NewField"]
        BatchComputeCreateClusterOperator(task_id="b", cluster=wrong, ignore=names)


def test_a_group_that_is_wired_in_airflow():
    with new_dag() as dag:
        with BatchComputeJobTaskGroup("g", ignore=["Timeout"]):
            BatchComputeTaskOperator(task_id="t", task=task(Timeout="1h"))
        with BatchComputeJobTaskGroup("strict"):
            BatchComputeTaskOperator(task_id="t", task=task(Timeout="1h"))
    dag.get_task("g.submit").resolve_template_files()
    with pytest.raises(InvalidJobError, match="Timeout"):
        dag.get_task("strict.submit").resolve_template_files()


def test_a_name_that_stands_for_nothing():
    with new_dag():
        with pytest.raises(
            JobWarning, match="ignore: found 'Tiemout', which is no field of this job; did you mean Tim"
        ):
            BatchComputeSubmitJobOperator(task_id="a", job=job(), ignore=["Tiemout"])
        with pytest.raises(JobWarning, match="ignore: found 'JobSpecs.EcsSpek'.* did you mean JobSpecs.EcsSpec?"):
            DlcSubmitJobOperator(task_id="b", job=body(), ignore=["JobSpecs.EcsSpek"])
        arguments = {"job": job(), "image": "i", "instance_type": "ecs.x"}
        with pytest.raises(
            JobWarning, match="ignore: found 'AutoCluster.UserDate'.* did you mean AutoCluster.UserData?"
        ):
            BatchComputeTaskOnDlcOperator(task_id="c", ignore=["ClusterId", "AutoCluster.UserDate"], **arguments)
        BatchComputeTaskOnDlcOperator(task_id="d", ignore=["ClusterId", "UserVpc.VpcId"], **arguments)
    for execution in EXECUTIONS:
        with pytest.raises(JobWarning, match="ignore: found 'Tiemout'"):
            job_to_dag(LATE, execution=execution, ignore=["Timeout", "Tiemout"])


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_field_that_only_one_task_has(execution):
    content = job({"a": task(NewField=1), "b": task()})
    job_to_dag(content, execution=execution, ignore=["NewField"])


@pytest.mark.parametrize("wrong", ["Timeout", [1], [""]])
def test_what_is_no_list_of_names(wrong):
    with pytest.raises(ValueError, match="ignore: found"):
        job_to_dag(job(), ignore=wrong)
    with new_dag(), pytest.raises(ValueError, match="ignore: found"):
        DlcSubmitJobOperator(task_id="b", job=body(), ignore=wrong)


def test_a_file_is_checked_later(tmp_path):
    path = tmp_path / "late.json"
    path.write_text(json.dumps(LATE))
    with new_dag():
        BatchComputeSubmitJobOperator(task_id="a", job=str(path), ignore=["Timeout"]).resolve_template_files()
        with pytest.raises(InvalidJobError):
            BatchComputeSubmitJobOperator(task_id="b", job=str(path)).resolve_template_files()


@pytest.mark.usefixtures("airflow_db", "dlc", "connection")
def test_the_service_has_the_last_word(caplog, capfd):
    with new_dag() as dag:
        named = dlc_job("true", DisplayName="model[7b]")
        DlcSubmitJobOperator(task_id="train", job=named, ignore=["DisplayName"], poll_interval=0.2)
    assert states(run_dag(dag)) == {"train": "failed"}
    assert "The service refuses the job: " in output(caplog, capfd)
