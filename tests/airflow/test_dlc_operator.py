"""The PAI-DLC operator in real Airflow tasks, against the local service."""

from __future__ import annotations

import contextlib
import json
import re
import time
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowTaskTimeout, BaseOperator

from airflow_provider_bcs.description.violation import JobWarning
from airflow_provider_bcs.dlc import Client, InvalidJobError, JobDescription, JobSourceError
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.triggers.dlc import DlcJobTrigger, DlcPodTrigger
from tests.airflow.conftest import connection_json
from tests.airflow.running import output, rendered, run_dag, serialized, states, task_log, trigger_events
from tests.dlc.bodies import role
from tests.dlc.jobs import job
from tests.local.service import wait_until

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")
START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def named() -> str:
    return f"n-{uuid.uuid4().hex}"


def run(name, *, run_kwargs=None, **kwargs):
    with DAG(name, start_date=START, schedule=None) as dag:
        DlcSubmitJobOperator(task_id="submit", poll_interval=0.2, **kwargs)
    return run_dag(dag, **(run_kwargs or {}))


def jobs_of(client: Client, name: str):
    return list(client.list_jobs(display_name=name))


def xcom(dag_run, key):
    (ti,) = dag_run.get_task_instances()
    return ti.xcom_pull(task_ids="submit", key=key)


def found_in_log(pattern: str, caplog, capfd) -> list:
    """Find in the tasks' log; a trigger's log goes to standard output in Airflow 3, and to both in Airflow 2."""
    logged, printed = task_log(caplog), "".join(capfd.readouterr())
    return re.findall(pattern, logged) or re.findall(pattern, printed)


@pytest.mark.parametrize("deferrable", [False, True])
def test_success(dlc, deferrable, caplog, capfd):
    name = named()
    found = run(f"dlc_{deferrable}", job=job("echo well done", DisplayName=name), deferrable=deferrable)
    assert states(found) == {"submit": "success"}
    (submitted,) = jobs_of(dlc, name)
    assert submitted.Status == "Succeeded"
    assert xcom(found, "job_id") == xcom(found, "return_value") == submitted.JobId
    text = output(caplog, capfd)
    assert re.search(r"\d\d:\d\d:\d\d well done", text)
    # One pod: its name before each line would be noise.
    assert "[" + submitted.JobId not in text


@pytest.mark.parametrize("deferrable", [False, True])
def test_failure_says_which_pod_and_what_it_wrote(dlc, deferrable, caplog, capfd):
    command = 'if [ "$RANK" = 1 ]; then echo out of cheese >&2; exit 3; else sleep 60; fi'
    name = named()
    found = run(f"dlc_failure_{deferrable}", job=job(command, pods=2, DisplayName=name), deferrable=deferrable)
    assert states(found) == {"submit": "failed"}
    (submitted,) = jobs_of(dlc, name)
    text = output(caplog, capfd)
    error = text[text.rindex(f"Job {submitted.JobId} ({name}) is Failed: JobFailed") :]
    assert f"Pod {submitted.JobId}-worker-0 failed: exit code 3\nThe job waited " in error
    assert re.search(r"^Pod worker-0 failed \(exit code 3\)$", error, re.MULTILINE)
    assert re.search(r"^  \| [-\d]+ [:\d]+ out of cheese$", error, re.MULTILINE)


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_log_arrives_whole_and_once_with_the_pods_names(dlc, deferrable, caplog, capfd):
    command = 'for i in $(seq 40); do echo "rank $RANK says $((i % 3))"; sleep 0.1; done'
    name = named()
    with caplog.at_level("INFO"):
        run(f"dlc_log_{deferrable}", job=job(command, pods=2, DisplayName=name), deferrable=deferrable)
    found = found_in_log(r"\[(\w+)-0\] [-\d]+ [:\d]+ rank (\d) says (\d)", caplog, capfd)
    for pod in (("master", "0"), ("worker", "1")):
        assert [int(digit) for *other, digit in found if tuple(other) == pod] == [i % 3 for i in range(1, 41)]


def test_no_logs_when_not_wanted(dlc, caplog, capfd):
    run("dlc_no_log", job=job("echo quiet please"), max_log_lines=0)
    assert found_in_log(r"\d quiet please", caplog, capfd) == []


def test_a_job_file_with_templates(dlc, tmp_path):
    name = named()
    (tmp_path / "train.yaml").write_text(
        json.dumps(job("test {{ params.word }} = $WORD", DisplayName=name, Envs={"WORD": "{{ params.word }}"}))
    )
    with DAG(
        "dlc_file", start_date=START, schedule=None, params={"word": "hello"}, template_searchpath=[str(tmp_path)]
    ) as dag:
        DlcSubmitJobOperator(task_id="submit", job="train.yaml", poll_interval=0.2)
    assert states(run_dag(dag)) == {"submit": "success"}
    (submitted,) = jobs_of(dlc, name)
    assert dlc.get_job(submitted).Envs["WORD"] == "hello"


def test_violations_are_parse_errors_unless_they_hold_a_template(caplog, capfd):
    with pytest.raises(InvalidJobError, match="The job of task submit has 1 error"):
        DlcSubmitJobOperator(task_id="submit", job=job(pods=0))
    with pytest.warns(JobWarning, match="did you mean JobSpecs"):
        DlcSubmitJobOperator(task_id="submit", job={**job(), "JobSpec": []})
    found = run("dlc_late", job=job(DisplayName="{{ 'a job' }}"))
    assert states(found) == {"submit": "failed"}
    assert "DisplayName: InvalidParameter" in output(caplog, capfd)


def test_an_absolute_path(dlc, tmp_path):
    name = named()
    (tmp_path / "train.json").write_text(json.dumps(job(DisplayName=name)))
    assert states(run("dlc_path", job=tmp_path / "train.json")) == {"submit": "success"}
    assert len(jobs_of(dlc, name)) == 1
    with DAG("dlc_no_path", start_date=START, schedule=None) as dag:
        DlcSubmitJobOperator(task_id="submit", job=str(tmp_path / "missing.json"))
    with pytest.raises(JobSourceError, match="missing.json: cannot be read: No such file"):
        dag.resolve_template_files()


def test_a_connection_of_the_database_while_deferred(dlc, service, monkeypatch):
    """ "airflow dags test" of Airflow 3 finds such a connection in one of two ways only."""
    from airflow.models import Connection
    from airflow.utils.session import create_session

    monkeypatch.delenv("AIRFLOW_CONN_BCS_DEFAULT")
    settings = json.loads(connection_json(service))
    stored = Connection(conn_id="bcs_stored", **settings)
    with create_session() as session:
        session.query(Connection).filter_by(conn_id="bcs_stored").delete()
        session.add(stored)
    found = run("dlc_stored", job=job(), bcs_conn_id="bcs_stored", deferrable=True)
    assert states(found) == {"submit": "success"}


def test_the_end_is_told_after_the_last_line(dlc, caplog, capfd):
    run("dlc_order", job=job("echo the last line"), deferrable=True)
    assert found_in_log(r"\d (the last line)|(Succeeded); JobSucceeded", caplog, capfd) == [
        ("the last line", ""),
        ("", "Succeeded"),
    ]


def test_models_and_the_vendors_objects_as_the_job(dlc):
    from alibabacloud_pai_dlc20201203 import models

    name = named()
    theirs = models.CreateJobRequest().from_map(job(DisplayName=name))
    assert states(run("dlc_theirs", job=theirs)) == {"submit": "success"}
    assert states(run("dlc_ours", job=JobDescription(job(DisplayName=name)))) == {"submit": "success"}
    assert len(jobs_of(dlc, name)) == 2


def test_another_tasks_output_as_the_job(dlc):
    name = named()

    class Make(BaseOperator):
        def execute(self, context):
            return job(DisplayName=name)

    with DAG("dlc_xcom", start_date=START, schedule=None) as dag:
        DlcSubmitJobOperator(task_id="submit", job=Make(task_id="make").output, poll_interval=0.2)
    assert states(run_dag(dag)) == {"make": "success", "submit": "success"}
    assert len(jobs_of(dlc, name)) == 1


def test_mapping_over_jobs(dlc):
    name = named()
    with DAG("dlc_mapped", start_date=START, schedule=None) as dag:
        DlcSubmitJobOperator.partial(task_id="submit", poll_interval=0.2).expand(
            job=[job(f"echo {n}", DisplayName=name) for n in range(2)]
        )
    assert set(states(run_dag(dag)).values()) == {"success"}
    assert len({found.JobId for found in jobs_of(dlc, name)}) == 2


def test_the_connections_workspace(dlc, service, monkeypatch):
    settings = {**json.loads(connection_json(service)), "extra": {"workspace_id": "268", "region": "cn-shanghai"}}
    monkeypatch.setenv("AIRFLOW_CONN_BCS_DEFAULT", json.dumps(settings))
    name = named()
    run("dlc_workspace", job=job(DisplayName=name))
    assert [found.WorkspaceId for found in jobs_of(dlc, name)] == ["268"]


def test_secrets_are_not_rendered(dlc, caplog, capfd):
    private = {"Username": "u", "Password": "pass-not-to-be-seen", "Auth": "auth-not-to-be-seen"}
    body = job(
        "echo auth-not-to-be-seen",
        JobSpecs=[role(ImageConfig=private)],
        Envs={"DB_PASSWORD": "env-not-to-be-seen", "PLAIN": "plain-to-be-seen"},
    )
    found = run("dlc_secrets", job=body)
    assert states(found) == {"submit": "success"}
    shown = json.dumps(rendered(found, "submit"))
    assert "plain-to-be-seen" in shown
    assert "not-to-be-seen" not in shown.replace("plain-to-be-seen", "")


def test_secrets_of_mapped_tasks_and_their_files(dlc, tmp_path):
    body = job("echo swordfish-mapped", Envs={"DB_PASSWORD": "swordfish-mapped"})
    (tmp_path / "job.json").write_text(json.dumps(body))
    with DAG("dlc_mapped_secrets", start_date=START, schedule=None) as dag:
        DlcSubmitJobOperator.partial(task_id="submit", poll_interval=0.2).expand(job=[str(tmp_path / "job.json"), body])
    found = run_dag(dag)
    assert set(states(found).values()) == {"success"}
    for index in range(2):
        shown = json.dumps(rendered(found, "submit", index))
        assert "DB_PASSWORD" in shown
        assert "swordfish" not in shown


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"poll_interval": 0}, "poll_interval is a number of seconds above 0"),
        ({"poll_interval": "5"}, "poll_interval is a number of seconds above 0"),
        ({"max_log_lines": -1}, "max_log_lines is a whole number from 0"),
    ],
)
def test_wrong_arguments_are_parse_errors(wrong, says):
    with pytest.raises(ValueError, match=says):
        DlcSubmitJobOperator(task_id="submit", job=job(), **wrong)
    assert DlcSubmitJobOperator(task_id="submit", job=job(), poll_interval=timedelta(seconds=3)).poll_interval == 3.0


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_timeout_while_the_job_is_being_created_stops_it(dlc, faults, deferrable):
    name = named()
    faults({"operation": "dlc.CreateJob", "kind": "slow", "seconds": 4, "times": 1})
    with contextlib.suppress(AirflowTaskTimeout):
        run(
            f"dlc_in_flight_{deferrable}",
            job=job("sleep 600", DisplayName=name),
            deferrable=deferrable,
            execution_timeout=timedelta(seconds=2),
        )
    wait_until(lambda: [found.Status for found in jobs_of(dlc, name)] == ["Stopped"])


@pytest.mark.parametrize("deferrable", [False, True])
def test_execution_timeout_stops_the_job(dlc, deferrable):
    name = named()
    # In Airflow 2 this exception leaves even dag.test().
    with contextlib.suppress(AirflowTaskTimeout):
        found = run(
            f"dlc_timeout_{deferrable}",
            job=job("sleep 600", DisplayName=name),
            deferrable=deferrable,
            execution_timeout=timedelta(seconds=3),
        )
        assert states(found) == {"submit": "failed"}
    wait_until(lambda: [found.Status for found in jobs_of(dlc, name)] == ["Stopped"])


def test_on_kill_stops_the_job(dlc):
    operator = DlcSubmitJobOperator(task_id="submit", job=job())
    submitted = dlc.create_job(job("sleep 600")).JobId
    operator._job_id = submitted
    operator.on_kill()
    wait_until(lambda: dlc.get_job(submitted).Status == "Stopped")
    operator.on_kill()


def test_a_retry_submits_anew_what_failed(dlc, service):
    name, marker = named(), service.data_dir.parent / named()
    command = f"test -e {marker} || {{ touch {marker}; exit 1; }}"
    found = run("dlc_retry", job=job(command, DisplayName=name), retries=1, retry_delay=timedelta(0))
    assert states(found) == {"submit": "success"}
    assert sorted(found.Status for found in jobs_of(dlc, name)) == ["Failed", "Succeeded"]


def test_it_survives_serialization():
    with DAG("dlc_serialized", start_date=START, schedule=None) as dag:
        DlcSubmitJobOperator(task_id="submit", job=job(), deferrable=True)
    text = json.dumps(serialized(dag)["dag"]["tasks"], default=str)
    assert '"job"' in text
    assert "DlcJobLink" in text or "dlc_job_url" in text


# The triggers


def test_triggers_survive_serialization():
    for trigger in (DlcJobTrigger("dlc1", 7, "conn", 5.0, 1e9), DlcPodTrigger("dlc1", "worker-0", "conn", 5.0, None)):
        path, kwargs = trigger.serialize()
        assert path == f"airflow_provider_bcs.triggers.dlc.{type(trigger).__name__}"
        assert type(trigger)(**json.loads(json.dumps(kwargs))).serialize() == (path, kwargs)


def test_events(dlc, faults):
    finished = dlc.create_job(job()).JobId
    running = dlc.create_job(job("sleep 600")).JobId
    faults({"operation": "dlc.GetJob", "kind": "error-500", "times": 1})
    assert trigger_events(DlcJobTrigger(finished, 100, poll_interval=0.1)) == [
        {"job_id": finished, "state": "Succeeded"}
    ]
    assert trigger_events(DlcPodTrigger(finished, "master-0", poll_interval=0.1)) == [
        {"job_id": finished, "state": "Succeeded"}
    ]
    deadline = time.time() + 0.5
    assert trigger_events(DlcJobTrigger(running, poll_interval=60, deadline=deadline)) == [
        {"job_id": running, "timeout": True}
    ]
    (event,) = trigger_events(DlcJobTrigger("dlc0", poll_interval=0.1))
    assert "NotFound" in event["error"]
    dlc.stop_job(running)
    assert trigger_events(DlcJobTrigger(running, poll_interval=0.1)) == [{"job_id": running, "state": "Stopped"}]


def test_what_nobody_expected_is_an_error_event(monkeypatch):
    monkeypatch.setenv(
        "AIRFLOW_CONN_BCS_DEFAULT", json.dumps({"conn_type": "bcs", "login": "half", "host": "localhost"})
    )
    (event,) = trigger_events(DlcJobTrigger("dlc1", poll_interval=0.1))
    assert "Password: found none" in event["error"]


@pytest.mark.usefixtures("impatient")
def test_logs_that_cannot_be_read_for_a_while_are_not_lost(dlc, faults, caplog, capfd):
    submitted = dlc.create_job(job("seq -f 'number %g' 1 100")).JobId
    wait_until(lambda: dlc.get_job(submitted).is_terminal)
    faults({"operation": "dlc.GetPodLogs", "kind": "error-500", "times": 12})
    with caplog.at_level("INFO"):
        assert trigger_events(DlcJobTrigger(submitted, 1000, poll_interval=0.1))[0]["state"] == "Succeeded"
    assert found_in_log(r" number (\d+)", caplog, capfd) == [str(number) for number in range(1, 101)]


def test_a_pod_that_is_restarted_is_read_on(dlc, service, caplog, capfd):
    marker = service.data_dir.parent / named()
    command = f"test -e {marker} || {{ touch {marker}; echo first; exit 1; }}; echo second"
    submitted = dlc.create_job(job(command, JobSpecs=[role(RestartPolicy="OnFailure")])).JobId
    with caplog.at_level("INFO"):
        assert trigger_events(DlcJobTrigger(submitted, 1000, poll_interval=0.1))[0]["state"] == "Succeeded"
    assert found_in_log(r"\d (first|second)", caplog, capfd) == ["first", "second"]


def test_a_known_end_is_no_timeout(dlc, faults):
    submitted = dlc.create_job(job()).JobId
    wait_until(lambda: dlc.get_job(submitted).is_terminal)
    faults({"operation": "dlc.GetPodLogs", "kind": "error-500"})
    assert trigger_events(DlcJobTrigger(submitted, 1000, poll_interval=0.1, deadline=time.time() + 1)) == [
        {"job_id": submitted, "state": "Succeeded"}
    ]


def test_a_bound_on_the_lines_of_an_interval_loses_none(dlc, caplog, capfd):
    submitted = dlc.create_job(job("seq -f 'number %g' 1 1000")).JobId
    wait_until(lambda: dlc.get_job(submitted).is_terminal)
    with caplog.at_level("INFO"):
        assert trigger_events(DlcJobTrigger(submitted, 70, poll_interval=0.1)) == [
            {"job_id": submitted, "state": "Succeeded"}
        ]
    numbers = [int(number) for number in found_in_log(r" number (\d+)", caplog, capfd)]
    assert numbers == list(range(1, 1001))
