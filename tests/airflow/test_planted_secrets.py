"""Known secrets are put wherever one can be, tasks end in every way, and none of them is anywhere in the end."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import requests
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.description.violation import InvalidJobError
from airflow_provider_bcs.openapi.session import RetryPolicy
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_cluster import BatchComputeCreateClusterOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.sensors.batchcompute import BatchComputeJobSensor
from airflow_provider_bcs.sensors.dlc import DlcJobSensor
from airflow_provider_bcs.translator import BatchComputeTaskGroup
from tests.airflow.planted_secrets import PLANTED, find_secrets
from tests.airflow.running import run_dag, states
from tests.batchcompute.clusters import cluster
from tests.batchcompute.jobs import job, task
from tests.conftest import HOME
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

    def run_one(operator: Any, **arguments: Any) -> dict[str, str]:
        with DAG(f"secrets_{uuid.uuid4().hex}", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc)) as dag:
            operator(**arguments)
        return states(run_dag(dag))

    caplog.set_level("DEBUG")
    yield run_one
    requests.post(f"{service.url}/_local/faults", json=[], timeout=10)
    printed = "".join(capfd.readouterr())
    listed = requests.get(f"{service.url}/_local/requests", timeout=10).text
    assert find_secrets([Path(HOME), service.log, listed]) == []
    # The state has the jobs as they were submitted, for GetJobDescription; a process has its variables from a file.
    kept = [path for path in service.data_dir.iterdir() if not path.name.startswith("state.sqlite")]
    # What a program prints of its variables, Airflow's own processes mask on the way to a log; dag.test() does not.
    assert find_secrets([*kept, caplog.text, printed], set(PLANTED.values()) - {PLANTED["variable"]}) == []


def planted(name: str) -> str:
    return f"{{{{ var.value.{name} }}}}"


def batchcompute_job(command: str = "true", **fields: Any) -> dict[str, Any]:
    work = task(command, **fields)
    work["Parameters"]["Command"]["EnvVars"] = {"DB_PASSWORD": planted("variable")}
    work["Mounts"] = {
        "Entries": [],
        "OSS": {
            "AccessKeyId": "id",
            "AccessKeySecret": planted("mount_secret"),
            "SecurityToken": planted("mount_token"),
        },
    }
    return job({"a": work})


def dlc(command: str = "true") -> dict[str, Any]:
    image = {"Username": "u", "Password": planted("image_password"), "Auth": planted("image_auth")}
    return dlc_job(command, JobSpecs=[role(ImageConfig=image)], Envs={"API_TOKEN": planted("variable")})


BOTH = [(BatchComputeSubmitJobOperator, batchcompute_job), (DlcSubmitJobOperator, dlc)]
DEFERRABLE = pytest.mark.parametrize("deferrable", [False, True])


@DEFERRABLE
@pytest.mark.parametrize(("operator", "described"), BOTH)
@pytest.mark.parametrize(("command", "state"), [("true", "success"), ("sh -c 'env >&2; exit 3'", "failed")])
def test_a_job_ends(run: Run, operator: Any, described: Any, command: str, state: str, deferrable: bool) -> None:
    arguments = {"task_id": "submit", "poll_interval": 0.1, "deferrable": deferrable}
    assert run(operator, job=described(command), **arguments) == {"submit": state}


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


@DEFERRABLE
@pytest.mark.parametrize("bcs_conn_id", ["bcs_default", "wrong"])
def test_sensors(run: Run, deferrable: bool, bcs_conn_id: str) -> None:
    for sensor in (BatchComputeJobSensor, DlcJobSensor):
        arguments = {"task_id": "wait", "poke_interval": 0.1, "deferrable": deferrable, "bcs_conn_id": bcs_conn_id}
        assert run(sensor, job_id="job-1", **arguments) == {"wait": "failed"}


@pytest.mark.parametrize("bcs_conn_id", ["bcs_default", "wrong"])
def test_a_cluster(run: Run, bcs_conn_id: str) -> None:
    described = cluster(
        UserData={"db_password": planted("user_data")},
        EnvVars={"DB_PASSWORD": planted("variable")},
        Configs={"Mounts": {"Entries": [], "OSS": {"AccessKeyId": "i", "AccessKeySecret": planted("mount_secret")}}},
    )
    arguments = {"cluster": described, "poll_interval": 0.1, "bcs_conn_id": bcs_conn_id}
    wanted = "success" if bcs_conn_id == "bcs_default" else "failed"
    assert run(BatchComputeCreateClusterOperator, task_id="create", **arguments) == {"create": wanted}


@pytest.mark.parametrize("run_as", ["jobs", "job"])
@pytest.mark.parametrize("bcs_conn_id", ["bcs_default", "wrong"])
def test_a_graph_with_a_package(run: Run, run_as: str, bcs_conn_id: str, tmp_path: Path) -> None:
    (tmp_path / "program.sh").write_text("#!/bin/sh\n")
    shipped = {"package": str(tmp_path), "package_uri": "oss://packages/"}
    arguments = {"poll_interval": 0.1, "bcs_conn_id": bcs_conn_id, **shipped}
    found = run(BatchComputeTaskGroup, group_id="g", job=batchcompute_job(), run_as=run_as, operator_args=arguments)
    assert (set(found.values()) == {"success"}) == (bcs_conn_id == "bcs_default")


def test_the_search_finds_what_there_is(tmp_path: Path) -> None:
    secret = PLANTED["variable"]
    (tmp_path / "log").write_text(f"password={secret}\n")
    assert find_secrets([tmp_path, f"say {secret}", "nothing"]) == [
        f"{secret} in {tmp_path / 'log'}",
        f"{secret} in a text of {len(secret) + 4} characters",
    ]
