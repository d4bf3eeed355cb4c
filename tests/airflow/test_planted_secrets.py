"""Known secrets are put wherever one can be, tasks end in every way, and none of them is anywhere in the end."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import requests
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.exceptions import InvalidJobError
from airflow_provider_bcs.http.session import RetryPolicy
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_cluster import (
    BatchComputeCreateClusterOperator,
    BatchComputeDeleteClusterOperator,
    BatchComputeResizeClusterOperator,
)
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.sensors.batchcompute import (
    BatchComputeInstanceSensor,
    BatchComputeJobSensor,
    BatchComputeTaskSensor,
)
from airflow_provider_bcs.sensors.batchcompute_cluster import BatchComputeClusterSensor
from airflow_provider_bcs.sensors.dlc import DlcJobSensor, DlcPodSensor
from airflow_provider_bcs.translator import (
    BatchComputeJobTaskGroup,
    BatchComputeTaskGroup,
    Execution,
    JobPerTask,
    PaiDlc,
    SingleJob,
)
from tests.airflow.planted_secrets import PLANTED, find_secrets
from tests.airflow.running import run_dag, serialized, states
from tests.batchcompute.clusters import cluster
from tests.batchcompute.jobs import job, task
from tests.conftest import HOME, keys_of
from tests.dlc.bodies import role
from tests.dlc.jobs import job as dlc_job
from tests.local.service import Service

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("airflow_db", "connections")]

Run = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a secret of its own, so that it can be searched for."""
    data_dir = tmp_path_factory.mktemp("secrets") / "data"
    service = Service(data_dir, "--access-key-secret", PLANTED["key_secret"])
    (data_dir / "oss/packages").mkdir()
    yield service
    service.session.close()
    assert service.end() == 0


@pytest.fixture
def connections(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right keys as ``bcs_default``, a wrong secret as ``wrong``; secrets of jobs come from Airflow's variables."""
    ready = service.ready
    for name, secret in {"bcs_default": PLANTED["key_secret"], "wrong": PLANTED["wrong_secret"]}.items():
        extra = {"oss_endpoint": ready["oss"], "security_token": PLANTED["security_token"]}
        fields = {"conn_type": "bcs", "host": service.url, "login": "local", "password": secret, "extra": extra}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(fields))
    for name, secret in PLANTED.items():
        monkeypatch.setenv(f"AIRFLOW_VAR_{name.upper()}", secret)


@pytest.fixture
def run(service: Service, caplog: Any, capfd: Any) -> Iterator[Run]:
    """Run an operator in a DAG of its own; once the test has ended, search all that is left of it."""
    stored = []

    def run_one(operator: Any, **arguments: Any) -> dict[str, str]:
        with DAG(f"secrets_{uuid.uuid4().hex}", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc)) as dag:
            operator(**arguments)
        found = states(run_dag(dag))
        # As the scheduler keeps it, which the test run of Airflow 2 does without.
        stored.append(json.dumps(serialized(dag)))
        return found

    caplog.set_level("DEBUG")
    yield run_one
    requests.post(f"{service.url}/_local/faults", json=[], timeout=10)
    printed = "".join(capfd.readouterr())
    listed = requests.get(f"{service.url}/_local/requests", timeout=10).text
    # At its start the service prints the connection for Airflow, with the secret; no later line may have it.
    lines = service.log.read_text().splitlines()
    logged = "\n".join(line for line in lines if not line.startswith("AIRFLOW_CONN_BCS_DEFAULT="))
    assert find_secrets([Path(HOME), logged, listed, caplog.text, printed, *stored]) == []
    # The state has the jobs as they were submitted, for GetJobDescription; a process has what it needs from a file.
    kept = [path for path in service.data_dir.iterdir() if not path.name.startswith("state.sqlite")]
    assert find_secrets(kept, {PLANTED[name] for name in PLANTED.keys() - TOLD_TO_PROGRAMS}) == []


Planted = Callable[[str], str]
LITERAL: Planted = PLANTED.__getitem__


def template(name: str) -> str:
    return f"{{{{ var.value.{name} }}}}"


#: Secrets that stand in the DAG file itself, or in a job file that is read there, come as they are.
HOW = pytest.mark.parametrize(
    "planted", [PLANTED.__getitem__, "{{{{ var.value.{} }}}}".format], ids=["literal", "template"]
)
#: What the local service hands to the process of an instance or pod.
TOLD_TO_PROGRAMS = {"variable", "custom_variable", "in_command", "in_url"}


def _digest(name: str) -> str:
    return hashlib.md5(PLANTED[name].encode()).hexdigest()


def batchcompute_job(command: str = "true", planted: Planted = template) -> dict[str, Any]:
    work = task(f"env API_KEY={planted('in_command')} {command}")
    work["Parameters"]["Command"]["EnvVars"] = {
        "DB_PASSWORD": planted("variable"),
        "DB": f"postgres://me:{planted('in_url')}@localhost/db",
    }
    work["Mounts"] = {
        "Entries": [],
        "OSS": {
            "AccessKeyId": "id",
            "AccessKeySecret": planted("mount_secret"),
            "SecurityToken": planted("mount_token"),
        },
    }
    return job({"a": work})


def dlc(command: str = "true", planted: Planted = template) -> dict[str, Any]:
    image = {"Username": "u", "Password": planted("image_password"), "Auth": planted("image_auth")}
    beside = {"Name": "s", "Env": [{"Name": "API_TOKEN", "Value": planted("container_variable")}]}
    options = {"fs.jindo.args": f"-ofs.oss.accessKeySecret={planted('data_option')} -oattr_timeout=60"}
    assumed = {"AccessKeyId": "id", "SecurityToken": planted("role_token")}
    role_chain = {"Key": "k", "Type": "Role", "Roles": [{"RoleArn": "acs:ram::1:role/r", "AssumeUserInfo": assumed}]}
    return dlc_job(
        f"export API_KEY={planted('in_command')} DB=postgres://me:{planted('in_url')}@localhost/db; {command}",
        JobSpecs=[role(ImageConfig=image, ExtraPodSpec={"SideCarContainers": [beside]})],
        Envs={"API_TOKEN": planted("variable")},
        CustomEnvs=[{"Key": "OTHER_TOKEN", "Value": planted("custom_variable")}],
        CredentialConfig={"EnableCredentialInject": True, "CredentialConfigItems": [role_chain]},
        DataSources=[
            {
                "Uri": "oss://packages.oss-cn-shanghai-internal.aliyuncs.com/x/",
                "MountPath": "/mnt/x",
                "Options": json.dumps(options),
            }
        ],
        Options=f"fs.oss.accessKeyId=id,fs.oss.accessKeySecret={planted('mount_option')}",
    )


#: A program that fails when it was told ``***``.
IS_TOLD = f"""sh -c 'test $(printf %s "$API_KEY" | md5sum | head -c 32) = {_digest("in_command")}'"""
#: One that tells what it was told, and fails.
TELLS = "sh -c 'env >&2; exit 3'"
BOTH = [(BatchComputeSubmitJobOperator, batchcompute_job), (DlcSubmitJobOperator, dlc)]
DEFERRABLE = pytest.mark.parametrize("deferrable", [False, True])


@DEFERRABLE
@HOW
@pytest.mark.parametrize(("operator", "described"), BOTH)
@pytest.mark.parametrize(("command", "state"), [(IS_TOLD, "success"), (TELLS, "failed")], ids=["success", "failure"])
def test_a_job_ends(
    run: Run, operator: Any, described: Any, command: str, state: str, planted: Planted, deferrable: bool
) -> None:
    arguments = {"task_id": "submit", "poll_interval": 0.1, "deferrable": deferrable}
    assert run(operator, job=described(command, planted), **arguments) == {"submit": state}


@DEFERRABLE
@pytest.mark.parametrize(("operator", "described"), BOTH)
@pytest.mark.parametrize("kind", ["error-500", "throttle", "drop-before", "drop-after", "garbage"])
def test_the_service_fails(
    run: Run,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    operator: Any,
    described: Any,
    kind: str,
    deferrable: bool,
) -> None:
    side = "dlc" if operator is DlcSubmitJobOperator else "batchcompute"
    monkeypatch.setattr(RetryPolicy.__init__, "__defaults__", (2, 0.01, 0.02))
    # A service that fails for good is waited for much longer than a test has time.
    place = {"operation": f"{side}.GetJob", "times": 4} if deferrable else {"operation": f"{side}.CreateJob"}
    fault = {**place, "kind": kind, "seconds": 0.01}
    requests.post(f"{service.url}/_local/faults", json=[fault], timeout=10)
    assert run(operator, task_id="submit", job=described(), poll_interval=0.1, deferrable=deferrable)


@pytest.mark.parametrize(("operator", "described"), BOTH)
def test_a_wrong_secret(run: Run, operator: Any, described: Any) -> None:
    assert run(operator, task_id="submit", job=described(), bcs_conn_id="wrong") == {"submit": "failed"}


def test_a_job_that_is_refused_once_it_is_rendered(run: Run) -> None:
    described = batchcompute_job()
    described["DAG"]["Tasks"]["a"]["InstanceCount"] = "{{ 'no number' }}"
    assert run(BatchComputeSubmitJobOperator, task_id="submit", job=described) == {"submit": "failed"}


@pytest.mark.parametrize("place", ["EnvVars", "OSS"])
def test_a_job_that_is_refused_at_once(place: str) -> None:
    described = batchcompute_job()
    work = described["DAG"]["Tasks"]["a"]
    secret = [PLANTED["mount_secret"]]
    if place == "OSS":
        work["Mounts"]["OSS"]["AccessKeySecret"] = secret
    else:
        work["Parameters"]["Command"]["EnvVars"]["DB_PASSWORD"] = secret
    with pytest.raises(InvalidJobError, match=place) as error:
        BatchComputeSubmitJobOperator(task_id="submit", job=described)
    assert find_secrets([str(error.value)]) == []


@pytest.mark.parametrize(("operator", "described"), BOTH)
def test_a_job_file(run: Run, operator: Any, described: Any, tmp_path: Path) -> None:
    file = tmp_path / "job.json"
    file.write_text(json.dumps(described(IS_TOLD, LITERAL)))
    assert run(operator, task_id="submit", job=str(file), poll_interval=0.1) == {"submit": "success"}


@DEFERRABLE
@pytest.mark.parametrize(
    ("side", "sensor", "part"),
    [
        (0, BatchComputeJobSensor, {"poke_interval": 0.1}),
        (0, BatchComputeTaskSensor, {"task_name": "a", "poke_interval": 0.1}),
        (0, BatchComputeInstanceSensor, {"task_name": "a", "instance_id": 0, "poke_interval": 0.1}),
        (0, BatchComputeTaskOperator, {"task_name": "a", "poll_interval": 0.1}),
        (1, DlcJobSensor, {"poke_interval": 0.1}),
        (1, DlcPodSensor, {"pod_id": "master-0", "poke_interval": 0.1}),
    ],
)
def test_a_job_is_waited_for(run: Run, side: int, sensor: Any, part: dict[str, Any], deferrable: bool) -> None:
    submit, described = BOTH[side]

    def graph() -> None:
        job_id = submit(task_id="submit", job=described(TELLS), wait_for_completion=False).output
        common = {"deferrable": deferrable, **part}
        sensor(task_id="wait", job_id=job_id, **common)
        for bcs_conn_id in ("bcs_default", "wrong"):
            sensor(task_id=f"none_{bcs_conn_id}", job_id="job-1", bcs_conn_id=bcs_conn_id, **common)

    failed = dict.fromkeys(["wait", "none_bcs_default", "none_wrong"], "failed")
    assert run(graph) == {"submit": "success", **failed}


@HOW
@DEFERRABLE
@pytest.mark.parametrize("bcs_conn_id", ["bcs_default", "wrong"])
def test_clusters(run: Run, bcs_conn_id: str, deferrable: bool, planted: Planted) -> None:
    described = cluster(
        UserData={"db_password": planted("user_data")},
        EnvVars={"DB_PASSWORD": planted("variable")},
        Configs={"Mounts": {"Entries": [], "OSS": {"AccessKeyId": "i", "AccessKeySecret": planted("mount_secret")}}},
    )
    common = {"bcs_conn_id": bcs_conn_id, "deferrable": deferrable}
    changing = {**common, "poll_interval": 0.1, "trigger_rule": "all_done"}

    def graph() -> None:
        create = BatchComputeCreateClusterOperator(task_id="create", cluster=described, **changing)
        made = "{{ ti.xcom_pull(task_ids='create') or 'cls-1' }}"
        resize = BatchComputeResizeClusterOperator(task_id="resize", cluster_id=made, groups={"group1": 2}, **changing)
        wait = BatchComputeClusterSensor(
            task_id="wait", cluster_id=made, poke_interval=0.1, trigger_rule="all_done", **common
        )
        create >> resize >> wait >> BatchComputeDeleteClusterOperator(task_id="delete", cluster_id=made, **changing)

    state = "success" if bcs_conn_id == "bcs_default" else "failed"
    assert run(graph) == dict.fromkeys(["create", "resize", "wait", "delete"], state)


#: What a graph needs to run as PAI-DLC jobs, with more secrets.
ON_DLC = {
    "image": "example/train:1",
    "instance_type": "ecs.c6.large",
    "ignore": ["ClusterId", "Mounts.OSS"],
    "dlc_job": {name: dlc(planted=LITERAL)[name] for name in ("CustomEnvs", "CredentialConfig", "Options")},
}


@HOW
@pytest.mark.parametrize("execution", [JobPerTask(), SingleJob(), PaiDlc(**ON_DLC)])
@pytest.mark.parametrize("bcs_conn_id", ["bcs_default", "wrong"])
def test_a_graph_with_a_package(
    run: Run, service: Service, execution: Execution, bcs_conn_id: str, planted: Planted, tmp_path: Path
) -> None:
    program, file = tmp_path / "program", tmp_path / "job.json"
    program.mkdir()
    (program / "program.sh").write_text("#!/bin/sh\n")
    file.write_text(json.dumps(batchcompute_job(IS_TOLD, planted)))
    shipped = {"package": str(program), "package_uri": "oss://packages/", "retries": 0}
    arguments = {"poll_interval": 0.1, "bcs_conn_id": bcs_conn_id, **shipped}
    found = run(BatchComputeTaskGroup, group_id="g", job=file, execution=execution, operator_args=arguments)
    assert (set(found.values()) == {"success"}) == (bcs_conn_id == "bcs_default")
    if not isinstance(execution, PaiDlc):
        # Of the last job that was submitted by this or another test: what is hidden in Airflow is sent all the same.
        with closing(Client(*keys_of(service))) as client:
            newest = next(client.list_jobs())
            work = client.get_job_description(newest).DAG.Tasks["a"]
        assert work.Mounts.OSS.AccessKeySecret == PLANTED["mount_secret"]


def test_a_graph_that_is_wired_in_airflow(run: Run) -> None:
    def graph() -> None:
        with BatchComputeJobTaskGroup("g"):
            work = batchcompute_job(IS_TOLD, LITERAL)["DAG"]["Tasks"]["a"]
            BatchComputeTaskOperator(task_id="a", task=work, poll_interval=0.1)

    assert set(run(graph).values()) == {"success"}


def test_the_search_finds_what_there_is(tmp_path: Path) -> None:
    secret = PLANTED["variable"]
    (tmp_path / "log").write_text(f"password={secret}\n")
    assert find_secrets([tmp_path, f"say {secret}", "nothing"]) == [
        f"{secret} in {tmp_path / 'log'}",
        f"{secret} in a text of {len(secret) + 4} characters",
    ]
