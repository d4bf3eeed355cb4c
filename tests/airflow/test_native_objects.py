"""DAGs with ``render_template_as_native_obj=True``: what a service wants as text stays text, in every operator."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import warnings
from datetime import datetime, timezone
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, BaseOperator
from airflow.providers.common.compat.sdk import task as taskflow

from airflow_provider_bcs import operators, sensors
from airflow_provider_bcs.batchcompute.job import read_job
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_cluster import (
    BatchComputeCreateClusterOperator,
    BatchComputeDeleteClusterOperator,
    BatchComputeResizeClusterOperator,
    cluster_id_of,
)
from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.sensors.batchcompute import BatchComputeInstanceSensor
from airflow_provider_bcs.sensors.dlc import DlcPodSensor
from airflow_provider_bcs.translator import BatchComputeTaskGroup, PaiDlc, SingleJob, job_to_dag
from tests.airflow.running import AIRFLOW_3, output, rendered, run_dag, states
from tests.batchcompute.jobs import job, put, task, without
from tests.batchcompute.legacy_jobs import find_prime, v1_job
from tests.dlc.jobs import job as dlc_job

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
NATIVE = {
    "start_date": START,
    "schedule": None,
    "render_template_as_native_obj": True,
    # The variables are those of the job alone.
    "default_args": {"context_env": False},
}
#: Texts that are Python literals too. Each is lost for good when it becomes one.
LITERALS = {
    "INTEGER": "1",
    "ZEROS": "007",
    "VERSION": "1.10",
    "BIG": "1e3",
    "YES": "True",
    "NOTHING": "None",
    "LIST": "['a', 'b']",
    "OBJECT": "{'a': 1}",
    "QUOTED": "'quoted'",
    "RENDERED": "{{ params.version }}",
    "NUMBER": "{{ params.count }}",
    "PART": "{{ params.count }}.10",
    "FALSE": "{{ params.count > 3 }}",
    "EXPRESSION": "{{ [1, 2] }}",
    "{{ params.name }}": "key",
    "None": "constant key",
}
PARAMS = {
    "version": "1.10",
    "count": 2,
    "nothing": None,
    "name": "True",
    "types": {"bcs.a2.large": {"CPU": "2", "Memory": "4Gi"}},
}
#: What a program then finds.
TEXTS = {
    **LITERALS,
    "RENDERED": "1.10",
    "NUMBER": "2",
    "PART": "2.10",
    "FALSE": "False",
    "EXPRESSION": "[1, 2]",
    "True": "key",
}
del TEXTS["{{ params.name }}"]


def new_dag(name: str, **kwargs: Any) -> DAG:
    return DAG(name, **{**NATIVE, "params": PARAMS, **kwargs})


def rendered_alone(operator: BaseOperator) -> Any:
    """Render the fields of one operator as Airflow does."""
    context: Any = {"params": PARAMS, "ti": None}
    operator.resolve_template_files()
    operator.render_template_fields(context, operator.dag.get_template_env())
    return operator


@pytest.mark.usefixtures("airflow_db", "connection")
def test_a_dlc_job_gets_its_texts(dlc):
    content = dlc_job(
        "echo hi",
        DisplayName="2024",
        WorkspaceId="12345",
        ResourceId="{{ params.version }}",
        Envs=LITERALS,
        Description="[1, 2]",
        Priority="{{ params.count }}",
    )
    content["JobSpecs"][0] |= {"PodCount": "{{ params.count }}", "Image": "2024"}
    del content["JobSpecs"][0]["EcsSpec"]
    content["JobSpecs"][0]["ResourceConfig"] = {"CPU": "1", "Memory": "{{ params.count }}Gi", "GPU": "0"}
    with new_dag("native_dlc") as dag:
        DlcSubmitJobOperator(task_id="t", job=content, poll_interval=0.2)
    run = run_dag(dag)
    assert states(run) == {"t": "success"}
    (ti,) = run.get_task_instances()
    found = dlc.get_job(ti.xcom_pull(task_ids="t", key="job_id"))
    assert found.DisplayName.startswith("2024-")
    assert (found.WorkspaceId, found.ResourceId, found.Priority) == ("12345", "1.10", 2)
    assert found.Envs == TEXTS
    (spec,) = found.JobSpecs
    assert (spec["PodCount"], spec["Image"], spec["ResourceConfig"]["Memory"]) == (2, "2024", "2Gi")
    shown = rendered(run, "t")["job"]
    assert shown["WorkspaceId"] == "12345"
    assert shown["Envs"] == TEXTS


def texts_job(bucket: str) -> dict[str, Any]:
    """A job whose task writes its variables into ``1.10``, and reads an object whose name is a number."""
    one = without(
        task(
            f"sh -c 'env -0 > /home/{bucket}/1.10; cat /home/{bucket}/7'",
            InstanceCount="{{ params.count - 1 }}",
            AutoCluster={"ImageId": "img-ubuntu", "InstanceType": "bcs.a2.large"},
            InputMapping={f"oss://{bucket}/00{{{{ params.count }}}}": f"/home/{bucket}/7"},
            OutputMapping={f"/home/{bucket}/{{{{ params.version }}}}": f"oss://{bucket}/{{{{ params.version }}}}"},
        ),
        "ClusterId",
    )
    put(one, "Parameters.Command.EnvVars", LITERALS)
    put(one, "Parameters.StdoutRedirectPath", f"oss://{bucket}/logs/")
    return job({"True": one}, Name="{{ params.name }}", Description="007")


@pytest.mark.usefixtures("airflow_db", "connection")
@pytest.mark.parametrize("way", ["jobs", "job", "dlc"])
def test_every_way_to_run_gets_its_texts(service, client, way, caplog, capfd):
    bucket = f"native-{way}"
    service.put_object(f"{bucket}/002", "input")
    execution: dict[str, Any] = {
        "job": {"execution": SingleJob()},
        "dlc": {
            "execution": PaiDlc(
                images={"img-ubuntu": "{{ params.version }}"},
                instance_types="{{ params.types }}",  # type: ignore[arg-type]
                dlc_job={"WorkspaceId": "12345", "ResourceId": "{{ params.count }}"},
            )
        },
    }
    with warnings.catch_warnings():
        # The variables that BatchCompute sets differ on PAI-DLC, which a warning says.
        warnings.simplefilter("ignore")
        dag = job_to_dag(
            texts_job(bucket),
            f"native_{way}",
            params=PARAMS,
            operator_args={"poll_interval": 0.2},
            **NATIVE,
            **execution.get(way, {}),
        )
        run = run_dag(dag)
    assert set(states(run).values()) == {"success"}, output(caplog, capfd)
    variables = dict(item.split("=", 1) for item in service.object(f"{bucket}/1.10").split("\0") if item)
    assert {name: variables.get(name) for name in TEXTS} == TEXTS
    if way != "dlc":
        submitted = [item for item in client.list_jobs() if item.Name == ("True-True" if way == "jobs" else "True")]
        detail = client.get_job_description(submitted[0])
        assert detail.Description == "007"
        assert detail.DAG.Tasks["True"].Parameters.Command.EnvVars == TEXTS


@pytest.mark.usefixtures("airflow_db", "connection")
def test_values_that_are_no_texts_are_still_made_of_templates(client):
    one = task(
        ClusterId="native-values",
        Timeout="{{ '600' }}",
        InstanceCount="{{ params.count }}",
        WriteSupport="{{ params.count > 3 }}",
        MaxRetryCount="{{ params.nothing }}",
        OutputMapping="{{ {'/home/out': 'oss://bucket/1'} }}",
        InputMapping="{'oss://bucket/': '/home/{{ params.version }}'}",
    )
    put(one, "Parameters.Command.EnvVars", "{{ {'A': '1'} }}")
    content = job({"a": one}, Priority="{{ params.count }}", Description="{{ params.nothing }}")
    with new_dag("native_values") as dag:
        BatchComputeSubmitJobOperator(task_id="t", job=content, wait_for_completion=False)
    assert states(run_dag(dag)) == {"t": "success"}
    (submitted,) = client.list_jobs(cluster_id="native-values")
    detail = client.get_job_description(submitted)
    found = detail.DAG.Tasks["a"]
    assert (detail.Priority, detail.Description, found.Timeout, found.InstanceCount) == (2, "", 600, 2)
    assert (found.WriteSupport, found.OutputMapping) == (False, {"/home/out": "oss://bucket/1"})
    assert found.InputMapping == {"oss://bucket/": "/home/1.10"}
    assert found.Parameters.Command.EnvVars == {"A": "1"}


@pytest.mark.usefixtures("airflow_db", "connection")
@pytest.mark.parametrize("kind", ["object", "json", "yaml", "literal"])
def test_a_whole_job_from_a_template(client, kind, tmp_path):
    name = f"native-whole-{kind}"
    variables = {"A": "007", "SMILE": "\U0001f600"}
    content = job({"a": put(task(ClusterId=name), "Parameters.Command.EnvVars", variables)}, Description="1.10")
    texts = {
        "object": "{{ params.job }}",
        # Python reads the escape of a character above U+FFFF otherwise than JSON.
        "json": "{% if true %}" + json.dumps(content) + "{% endif %}",
        "yaml": "Name: 'j'\nDescription: '1.10'\nType: DAG\nDAG: {{ params.job.DAG | tojson }}\n",
        "literal": "{'Name': 'j', 'Description': '1.10', 'Type': 'DAG', 'DAG': {{ params.job.DAG }}}",
    }
    with new_dag(f"native_whole_{kind}", params={**PARAMS, "job": content}) as dag:
        BatchComputeSubmitJobOperator(task_id="t", job=texts[kind], wait_for_completion=False)
    assert states(run_dag(dag)) == {"t": "success"}
    (submitted,) = client.list_jobs(cluster_id=name)
    detail = client.get_job_description(submitted)
    assert detail.Description == "1.10"
    assert detail.DAG.Tasks["a"].Parameters.Command.EnvVars == variables


@pytest.mark.usefixtures("airflow_db", "connection")
def test_a_job_of_the_first_api(client):
    variables = {"A": "007", "B": "{{ params.version }}"}
    content = v1_job({"None": find_prime(EnvironmentVariables=variables)}, JobTag="", JobName="{{ params.name }}")
    with new_dag("native_v1") as dag:
        operator = BatchComputeSubmitJobOperator(task_id="t", job=content, wait_for_completion=False)
    found = rendered_alone(operator).job
    with DAG("text_v1", start_date=START, schedule=None, params=PARAMS):
        expected = rendered_alone(BatchComputeSubmitJobOperator(task_id="t", job=content)).job
    assert found == read_job(expected)
    assert dag.task_ids == ["t"]


@pytest.mark.usefixtures("airflow_db", "connection")
def test_clusters(client):
    cluster = {
        "Name": "True",
        "Description": "1.10",
        "ImageId": "img-ubuntu",
        "EnvVars": {"A": "007"},
        "Groups": {"{{ params.name }}": {"DesiredVMCount": "{{ params.count }}", "InstanceType": "bcs.a2.large"}},
    }
    with new_dag("native_cluster") as dag:
        create = BatchComputeCreateClusterOperator(task_id="create", cluster=cluster, poll_interval=0.2)
        resize = BatchComputeResizeClusterOperator(
            task_id="resize",
            cluster_id=cluster_id_of("create"),
            groups="{{ {'True': params.count + 1} }}",
            poll_interval=0.2,
        )
        delete = BatchComputeDeleteClusterOperator(task_id="delete", cluster_id=cluster_id_of("create"))
        create >> resize >> delete
    run = run_dag(dag)
    assert set(states(run).values()) == {"success"}
    shown = rendered(run, "create")["cluster"]
    assert (shown["Name"], shown["Description"], shown["EnvVars"]) == ("True", "1.10", {"A": "007"})
    assert shown["Groups"]["True"]["DesiredVMCount"] == 2
    assert rendered(run, "resize")["groups"] == {"True": 3}


def public_classes() -> list[Any]:
    found = {}
    for package in (operators, sensors):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for name, value in vars(importlib.import_module(module.name)).items():
                is_own = inspect.isclass(value) and value.__module__ == module.name and not name.startswith("_")
                if is_own and issubclass(value, BaseOperator) and not inspect.isabstract(value):
                    found[name] = value
    return [value for value in found.values() if getattr(value, "hook_class", None) is not None]


@pytest.mark.parametrize("kind", public_classes(), ids=lambda kind: kind.__name__)
def test_every_field_has_a_type(kind):
    known = {*kind.template_types, getattr(kind, "described", ""), "dlc_job"}
    # Both kinds of values do for these: the operator reads a number, or a boolean, from a text too.
    assert set(kind.template_fields) - known <= {"priority", "instance_id", "delete_finished"}
    assert set(kind.template_types) <= set(kind.template_fields)


def test_ids_stay_texts():
    with new_dag("native_ids"):
        sensor = BatchComputeInstanceSensor(
            task_id="i",
            job_id="007",
            task_name="{{ params.version }}",
            instance_id="{{ params.count }}",
            bcs_conn_id="1",
        )
        pod = DlcPodSensor(task_id="p", job_id="{{ params.count }}", pod_id="1.10")
        shown = BatchComputeTaskOnDlcOperator(
            task_id="d",
            job=job({"a": without(task(AutoCluster={"ImageId": "img-x"}), "ClusterId")}),
            image="{{ params.version }}",
            instance_type={"CPU": "{{ params.count }}", "Memory": "4Gi"},
            images={"img-x": "1.10"},
            instance_types={"x": "{{ params.types['bcs.a2.large'] }}", "y": "1.10"},
            dlc_job={"ResourceId": "1.10", "Priority": "{{ params.count }}", "Envs": {"A": "{{ params.version }}"}},
        )
    assert vars(rendered_alone(sensor)) | {"job_id": "007", "task_name": "1.10", "bcs_conn_id": "1"} == vars(sensor)
    assert sensor.target == sensor.target.__class__("007", "1.10", 2)
    assert rendered_alone(pod).target.fields() == {"job_id": "2", "pod_id": "1.10"}
    rendered_alone(shown)
    assert (shown.image, shown.instance_type) == ("1.10", {"CPU": "2", "Memory": "4Gi"})
    assert shown.images == {"img-x": "1.10"}
    assert shown.instance_types == {"x": {"CPU": "2", "Memory": "4Gi"}, "y": "1.10"}
    assert shown.dlc_job == {"ResourceId": "1.10", "Priority": 2, "Envs": {"A": "1.10"}}


@pytest.mark.usefixtures("airflow_db", "connection")
def test_a_mapped_job(client):
    @taskflow
    def texts() -> list[str]:
        return ["007", "1.10"]

    with new_dag("native_mapped") as dag:

        def make(text: Any) -> dict[str, Any]:
            return job({"a": task(ClusterId="native-mapped")}, Description=text)

        BatchComputeSubmitJobOperator.partial(task_id="t", wait_for_completion=False).expand(job=texts().map(make))
    assert set(states(run_dag(dag)).values()) == {"success"}
    found = {client.get_job_description(item).Description for item in client.list_jobs(cluster_id="native-mapped")}
    assert found == {"007", "1.10"}


@pytest.mark.usefixtures("airflow_db", "connection")
def test_a_group_with_secrets_keeps_its_texts(client):
    one = put(task(ClusterId="native-secret"), "Parameters.Command.EnvVars", {"DB_PASSWORD": "12345678", "A": "007"})
    with new_dag("native_secret") as dag:
        BatchComputeTaskGroup("g", job({"a": one}), operator_args={"poll_interval": 0.2})
    run = run_dag(dag)
    assert states(run) == {"g.a": "success"}
    (submitted,) = client.list_jobs(cluster_id="native-secret")
    detail = client.get_job_description(submitted).DAG.Tasks["a"].Parameters.Command.EnvVars
    assert detail == {"DB_PASSWORD": "12345678", "A": "007"}
    assert "12345678" not in str(rendered(run, "g.a"))


@pytest.mark.usefixtures("airflow_db", "connection")
@pytest.mark.parametrize("kind", ["batchcompute", "dlc"])
def test_the_error_names_the_option(kind, caplog, capfd):
    with new_dag(f"native_error_{kind}") as dag:
        if kind == "dlc":
            DlcSubmitJobOperator(task_id="t", job=dlc_job(Envs="{{ {'A': 1} }}"))
        else:
            one = put(task(), "Parameters.Command.EnvVars", "{{ {'A': 1} }}")
            BatchComputeSubmitJobOperator(task_id="t", job=job({"a": one}), retries=3)
    run = run_dag(dag)
    assert states(run) == {"t": "failed"}
    text = output(caplog, capfd)
    assert "The rendered job of task t with render_template_as_native_obj=True" in text
    assert "Found an int; expected" in text


@pytest.mark.skipif(not AIRFLOW_3, reason="An operator of Airflow 2 does not have the option.")
@pytest.mark.parametrize(("of_dag", "own"), [(False, True), (True, False)])
def test_the_option_of_one_operator(of_dag, own):
    with new_dag("native_one", render_template_as_native_obj=of_dag):
        operator = BatchComputeSubmitJobOperator(
            task_id="t",
            job=job({"a": task(InstanceCount="{{ params.count }}")}, Description="1.10"),
            render_template_as_native_obj=own,
        )
    assert operator.render_template_as_native_obj is own
    if own:
        job_ = rendered_alone(operator).job
        assert (job_["Description"], job_["DAG"]["Tasks"]["a"]["InstanceCount"]) == ("1.10", 2)
