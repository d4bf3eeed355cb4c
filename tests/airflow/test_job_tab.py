"""The tab in Airflow's page of a task instance: what it shows of the remote job, and to whom."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.dlc import Client as DlcClient
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.sensors.dlc import DlcJobSensor
from tests.airflow.conftest import connection_json
from tests.airflow.running import AIRFLOW_3, Nothing, run_dag, states
from tests.airflow.web import ask
from tests.batchcompute.jobs import job, task
from tests.child import LIMIT
from tests.dlc.jobs import job as dlc_job
from tests.local.service import Service

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
SECRET = "planted-secret-of-the-job"
FAILS = (
    "sh -c 'echo before $DB_PASSWORD >&2; echo the last words >&2; test $BATCH_COMPUTE_DAG_INSTANCE_ID != 2 || exit 3'"
)
#: Airflow says which tabs it has, and what they show.
TABS = ("GET", "/api/v2/plugins", None)


on_airflow_3 = pytest.mark.skipif(not AIRFLOW_3, reason="Airflow 2 has no tabs")


def failing(**fields: Any) -> dict[str, Any]:
    found = task(FAILS, InstanceCount=4, **fields)
    found["Parameters"]["StderrRedirectPath"] = f"oss://tab-{uuid.uuid4().hex}/logs/"
    found["Parameters"]["Command"]["EnvVars"] = {"DB_PASSWORD": SECRET}
    return job({"a": found, "b": task("true")})


def address(run: Any, task_id: str, map_index: int = -1, **more: str) -> str:
    fields = {"dag_id": run.dag_id, "run_id": run.run_id, "task_id": task_id, "map_index": map_index, **more}
    return f"/bcs/job?{urlencode(fields, quote_via=quote)}"


def store_connection(conn_id: str, service: Service) -> None:
    """Store a connection in the metadata database."""
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session

    with create_session() as session:
        session.add(Connection(conn_id=conn_id, **json.loads(connection_json(service))))


def read(path: str) -> tuple[str, str, None]:
    return ("GET", path, None)


@on_airflow_3
def test_what_the_tab_shows_and_to_whom(client: Client, dlc: DlcClient, service: Service, tmp_path: Path):
    kept = client.create_job(job({"first": task("true"), "second": task("true")})).Id
    gone = client.create_job(job()).Id
    with DAG(f"tab_{uuid.uuid4().hex}", start_date=START, schedule=None) as dag:
        BatchComputeSubmitJobOperator(task_id="fails", job=failing(), poll_interval=0.2)
        BatchComputeTaskOperator(task_id="follows", job_id=kept, task_name="second", poll_interval=0.2)
        DlcSubmitJobOperator.partial(task_id="train", poll_interval=0.2).expand(
            job=[dlc_job("echo of one"), dlc_job("echo of two; exit 4")]
        )
        BatchComputeTaskOperator(task_id="deleted", job_id=gone, task_name="t", poll_interval=0.2)
        DlcJobSensor(task_id="unknown", job_id="dlc0000", bcs_conn_id="no_such_connection", poke_interval=0.2)
        BatchComputeTaskOperator(task_id="stored", job_id=kept, task_name="first", bcs_conn_id="tab_in_database")
        Nothing(task_id="other")
    run = run_dag(dag)
    assert states(run)["fails"] == "failed"
    client.delete_job(gone)
    store_connection("tab_in_database", service)
    found = ask(
        [
            read(address(run, "fails")),
            read(address(run, "fails", log="a/1/stderr")),
            read(address(run, "follows")),
            read(address(run, "train", 0)),
            read(address(run, "train", 1)),
            read(address(run, "deleted")),
            read(address(run, "unknown")),
            read(address(run, "other")),
            read(address(run, "stored")),
        ],
        tmp_path,
        *("viewer", "none", "nobody"),
    )
    shown, refused, unknown_user = found[:9], found[9:18], found[18:]
    assert {status for status, _ in shown} == {200}
    assert {status for status, _ in refused} == {403}
    assert {status for status, _ in unknown_user} == {401}
    assert not any("a-job" in text for _, text in (*refused, *unknown_user))
    fails, chosen, follows, one, two, deleted, unknown, other, stored = (text for _, text in shown)
    assert "exit code 3" in fails
    assert "the last words" in fails
    assert SECRET not in fails
    assert "before ***" in fails
    assert fails.count('class="unit"') == 5
    assert "log=a%2F1%2Fstderr" in fails
    assert 'id="part-a.1" open' in chosen
    assert service.ready["access_key_secret"] not in fails
    assert follows.index('id="part-second"') < follows.index('id="part-first"')
    assert "exit code 4" in two
    assert "of two" in two
    assert "Succeeded" in one
    assert "<small>Role</small> master" in one
    assert "not created" not in one
    assert f"Job {gone} is gone" in deleted
    assert "has named no job" in other
    assert "connection tab_in_database" in stored
    assert kept in stored
    assert "Connection no_such_connection cannot be read at the API server" in unknown


@on_airflow_3
def test_airflow_lists_the_tab_and_a_service_that_hangs_gives_a_sentence(
    client: Client, faults: Callable[..., None], tmp_path: Path
):
    with DAG(f"tab_{uuid.uuid4().hex}", start_date=START, schedule=None) as dag:
        BatchComputeSubmitJobOperator(task_id="t", job=job(), poll_interval=0.2)
    path = read(address(run_dag(dag), "t"))
    faults({"operation": "batchcompute.GetJob", "kind": "slow", "seconds": 20})
    found = ask([TABS, path, path], tmp_path)
    assert [status for status, _ in found] == [200, 200, 200]
    (_, tabs), (_, first), (_, second) = found
    views = [view for plugin in json.loads(tabs)["plugins"] for view in plugin["external_views"]]
    [view] = [view for view in views if view["name"] == "Remote job"]
    assert view["destination"] == "task_instance"
    assert not view["href"].startswith("/")
    assert "The service has not answered for" in first
    # By now the client may have given up.
    assert "has not answered for" in second or "does not answer" in second


def test_the_plugin_imports_nothing_that_other_processes_do_not_need():
    program = (
        "import sys; import airflow.plugins_manager; from airflow.providers.common.compat.sdk import AirflowPlugin;"
        "before = set(sys.modules); from airflow_provider_bcs.tab.plugin import JobTabPlugin; JobTabPlugin();"
        "print(sorted(set(sys.modules) - before))"
    )
    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=LIMIT)
    own = {"airflow_provider_bcs", "airflow_provider_bcs.tab", "airflow_provider_bcs.tab.plugin"}
    assert set(ast.literal_eval(printed.stdout.splitlines()[-1])) <= own
