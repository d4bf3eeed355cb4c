"""The operator in real Airflow tasks, against the local service."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone

import pendulum
import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowTaskTimeout, BaseOperator

from airflow_provider_bcs.batchcompute import Client, InvalidJobError, JobDescription, JobSourceError
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger
from tests.airflow.running import (
    AIRFLOW_3,
    at,
    break_xcom,
    output,
    run_dag,
    serialized,
    states,
    task_log,
    trigger_events,
)
from tests.batchcompute.jobs import job, task
from tests.child import LIMIT
from tests.local.service import wait_until

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")
START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def new_dag(name, **kwargs):
    return DAG(name, start_date=START, schedule=None, **kwargs)


def run(name, *, task_id="submit", dag_kwargs=None, run_kwargs=None, **kwargs):
    with new_dag(name, **(dag_kwargs or {})) as dag:
        BatchComputeSubmitJobOperator(task_id=task_id, poll_interval=0.2, **kwargs)
    return run_dag(dag, **(run_kwargs or {}))


def jobs_of(client, cluster):
    return list(client.list_jobs(cluster_id=cluster))


def xcom(dag_run, key="job_id", task_id="submit"):
    (ti,) = [ti for ti in dag_run.get_task_instances() if ti.task_id == task_id]
    return ti.xcom_pull(task_ids=task_id, key=key)


@pytest.mark.parametrize("deferrable", [False, True])
def test_success(client, deferrable, caplog):
    name = f"success_{deferrable}"
    found = run(name, job=job({"a": task("sleep 0.5", InstanceCount=2, ClusterId=name)}), deferrable=deferrable)
    assert states(found) == {"submit": "success"}
    (submitted,) = jobs_of(client, name)
    assert submitted.State == "Finished"
    assert xcom(found) == xcom(found, "return_value") == submitted.Id


@pytest.mark.parametrize("deferrable", [False, True])
def test_failure_says_what_the_program_wrote(client, deferrable, caplog, capfd):
    name = f"failure_{deferrable}"
    command = 'sh -c "sleep 0.4; echo out of cheese >&2; exit 3"'
    found = run(name, job=job({"a": task(command, ClusterId=name)}), deferrable=deferrable)
    assert states(found) == {"submit": "failed"}
    text = task_log(caplog) + "".join(capfd.readouterr())
    assert "Instance 0 of task a failed: CommandFailed: The command ended with exit code 3." in text
    assert "out of cheese" in text
    assert xcom(found) == jobs_of(client, name)[0].Id


def test_progress_is_a_line_when_the_counts_change(caplog, capfd):
    run("progress", job=job({"a": task("sleep 0.3", InstanceCount=3)}, Name="progress"))
    text = task_log(caplog) + "".join(capfd.readouterr())
    assert "instances: 3 of 3 finished" in text


def test_templates_are_rendered_in_values_and_keys(client, service):
    service.put_object("bucket/rendered/in.json", "from the input")
    templated = task(
        "cp /home/in/in.json /home/out/{{ params.name }}.json",
        InputMapping={"oss://bucket/{{ params.folder }}/": "/home/in/"},
        OutputMapping={"/home/out/": "oss://bucket/{{ params.folder }}/out/"},
        InstanceCount="{{ params.n }}",
        ClusterId="templates",
    )
    values = {"params": {"folder": "rendered", "name": "x", "n": 1}, "render_template_as_native_obj": True}
    found = run("templates", job=job({"a": templated}, Name="t-{{ params.name }}"), dag_kwargs=values)
    assert states(found) == {"submit": "success"}
    assert service.object("bucket/rendered/out/x.json") == "from the input"
    assert jobs_of(client, "templates")[0].Name == "t-x"


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_a_job_file_beside_the_dag_file(client, tmp_path, suffix):
    content = json.dumps(
        job({"a": task("echo {{ ds }} x.json", ClusterId=f"file{suffix[1:]}")}, Name="n-{{ ds_nodash }}")
    )
    (tmp_path / f"job{suffix}").write_text(content)
    with new_dag(f"file_{suffix[1:]}", template_searchpath=[str(tmp_path)]) as dag:
        operator = BatchComputeSubmitJobOperator(task_id="submit", job=f"job{suffix}", poll_interval=0.2)
    assert operator.job == f"job{suffix}"
    assert states(run_dag(dag)) == {"submit": "success"}
    (submitted,) = jobs_of(client, f"file{suffix[1:]}")
    assert submitted.Name.startswith("n-20")


def test_text_that_is_json_only_after_rendering(client, tmp_path):
    (tmp_path / "job.json").write_text(
        json.dumps(job({"a": task("true", ClusterId="late", InstanceCount=4711)})).replace("4711", "{{ params.n }}")
    )
    found = run("late", job="job.json", dag_kwargs={"template_searchpath": [str(tmp_path)], "params": {"n": 2}})
    assert states(found) == {"submit": "success"}
    assert jobs_of(client, "late")[0].InstanceMetrics.total == 2


@pytest.mark.parametrize(
    ("name", "end"), [("inside.json", "success"), ("../outside.json", "failed"), ("{folder}/outside.json", "failed")]
)
def test_an_included_file_is_one_of_the_dag_folder(client, tmp_path, name, end):
    content = json.dumps(job({"a": task("true", ClusterId="included")}))
    for file in (tmp_path / "dags" / "inside.json", tmp_path / "outside.json"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)
    arguments = {"template_searchpath": [str(tmp_path / "dags")], "params": {"file": name.format(folder=tmp_path)}}
    before = len(jobs_of(client, "included"))
    found = run(f"included_{end}", job="{% include params.file %}", dag_kwargs=arguments)
    assert states(found) == {"submit": end}
    assert len(jobs_of(client, "included")) - before == (end == "success")


def test_a_template_in_a_file_name_is_answered_with_what_works(tmp_path):
    with new_dag("named", template_searchpath=[str(tmp_path)]) as dag:
        BatchComputeSubmitJobOperator(task_id="submit", job="jobs/{{ ds }}.json")
    with pytest.raises(JobSourceError, match=r"jobs/{{ ds }}\.json .* cannot be read; .* as {% include"):
        dag.resolve_template_files()


def test_a_rendered_value_never_names_a_file(client, tmp_path, caplog, capfd):
    (tmp_path / "other.json").write_text(json.dumps(job({"a": task("true", ClusterId="secret-file")})))
    arguments = {"template_searchpath": [str(tmp_path)], "params": {"file": str(tmp_path / "other.json")}}
    found = run("no_file", job="{{ params.file }}", dag_kwargs=arguments)
    assert states(found) == {"submit": "failed"}
    assert jobs_of(client, "secret-file") == []


def test_a_missing_job_file(tmp_path):
    with new_dag("missing_file", template_searchpath=[str(tmp_path)]) as dag:
        BatchComputeSubmitJobOperator(task_id="submit", job="missing.json")
    with pytest.raises(JobSourceError, match="The job file missing.json of task submit cannot be read"):
        dag.resolve_template_files()


def test_violations_are_parse_errors_unless_they_hold_a_template(caplog, capfd):
    with pytest.raises(InvalidJobError, match="The job of task submit has 1 error"):
        BatchComputeSubmitJobOperator(task_id="submit", job=job({"a": task(Timeout="1h")}))
    with pytest.raises(JobSourceError, match="The job of task submit is not JSON"):
        BatchComputeSubmitJobOperator(task_id="submit", job="{")
    with pytest.raises(JobSourceError, match="The job of task submit: found a string"):
        BatchComputeSubmitJobOperator(task_id="submit", job="job.txt")
    with pytest.raises(JobSourceError, match="expected a dict, JSON text"):
        BatchComputeSubmitJobOperator(task_id="submit", job=3)
    found = run("late_violation", job=job({"a": task(Timeout="{{ 'soon' }}")}))
    assert states(found) == {"submit": "failed"}
    text = task_log(caplog) + "".join(capfd.readouterr())
    assert "DAG.Tasks.a.Timeout: InvalidTimeout" in text
    assert "Found 'soon'" in text


def test_another_tasks_output_as_the_job(client):
    class Make(BaseOperator):
        def execute(self, context):
            return job({"a": task("true", ClusterId="from-xcom")})

    with new_dag("from_xcom") as dag:
        made = Make(task_id="make")
        BatchComputeSubmitJobOperator(task_id="submit", job=made.output, poll_interval=0.2)
    assert states(run_dag(dag)) == {"make": "success", "submit": "success"}
    assert len(jobs_of(client, "from-xcom")) == 1


def test_mapping_over_jobs(client):
    with new_dag("mapped") as dag:
        BatchComputeSubmitJobOperator.partial(task_id="submit", poll_interval=0.2).expand(
            job=[job({"a": task(f"echo {n} x.json", ClusterId="mapped")}) for n in range(2)]
        )
    assert set(states(run_dag(dag)).values()) == {"success"}
    assert len(jobs_of(client, "mapped")) == 2


def test_a_model_as_the_job(client):
    model = JobDescription(job({"a": task("true", ClusterId="model")}))
    assert states(run("model", job=model)) == {"submit": "success"}
    assert len(jobs_of(client, "model")) == 1


def test_auto_release_deletes_after_success_was_seen(client, caplog, capfd):
    found = run("auto_release", job=job({"a": task("true", ClusterId="auto")}, AutoRelease=True))
    assert states(found) == {"submit": "success"}
    assert jobs_of(client, "auto") == []
    assert "is deleted, as AutoRelease asks" in task_log(caplog) + "".join(capfd.readouterr())
    found = run("auto_release", job=job({"a": task("false", ClusterId="auto")}, AutoRelease=True))
    assert states(found) == {"submit": "failed"}
    assert [item.State for item in jobs_of(client, "auto")] == ["Failed"]


def test_not_waiting(client):
    found = run("no_wait", job=job({"a": task("sleep 600", ClusterId="no-wait")}), wait_for_completion=False)
    assert states(found) == {"submit": "success"}
    (submitted,) = jobs_of(client, "no-wait")
    assert not submitted.is_terminal
    client.stop_job(submitted)


def test_on_kill_stops_the_job(client, connection):
    operator = BatchComputeSubmitJobOperator(task_id="submit", job=job())
    operator.on_kill()
    submitted = client.create_job(job({"a": task("sleep 600")}))
    operator._job_id = submitted.Id
    operator.on_kill()
    assert client.get_job(submitted).State == "Stopped"
    operator.on_kill()


def test_on_kill_stops_a_job_that_is_being_started_again(client, connection, faults):
    description = job({"a": task("sleep 600", ClusterId="restarted")})
    operator = BatchComputeSubmitJobOperator(task_id="submit", job=description)
    owner = {"dag": "d", "run": "restarted", "generation": 0}
    submitted = operator.port.submit(description, owner, resume=False)
    client.stop_job(submitted)
    faults({"operation": "batchcompute.StartJob", "kind": "slow", "seconds": 1.5, "times": 1})
    starting = threading.Thread(target=client.start_job, args=(submitted,), daemon=True)
    starting.start()
    time.sleep(0.5)
    # Its worker is killed now, and does not know what will come of it.
    operator._submitting = description, owner
    operator.on_kill()
    starting.join(60)
    assert not starting.is_alive()
    assert [(item.Id, item.State) for item in jobs_of(client, "restarted")] == [(submitted, "Stopped")]


@pytest.mark.parametrize("deferrable", [False, True])
def test_execution_timeout_stops_the_job(client, deferrable):
    name = f"timeout_{deferrable}"
    # In Airflow 2 this exception leaves even dag.test().
    with contextlib.suppress(AirflowTaskTimeout):
        found = run(
            name,
            job=job({"a": task("sleep 600", ClusterId=name)}),
            deferrable=deferrable,
            execution_timeout=timedelta(seconds=3),
        )
        assert states(found) == {"submit": "failed"}
    assert [item.State for item in jobs_of(client, name)] == ["Stopped"]


def test_a_retry_continues_the_job_of_the_try_before(client, service, monkeypatch):
    """The first try leaves a failed job behind; the next try starts that one again, and only what had failed runs."""
    run_once = service.data_dir.parent / "run-once"
    flaky = f'sh -c "echo x >> {run_once}.$BATCH_COMPUTE_DAG_TASK_ID; test $(wc -l < {run_once}.second) -ge 2"'
    first = f'sh -c "echo x >> {run_once}.first"'
    description = job(
        {"first": task(first, ClusterId="retry"), "second": task(flaky, ClusterId="retry")}, {"first": ["second"]}
    )
    found = run("retry", job=description, retries=1, retry_delay=timedelta(0))
    assert states(found) == {"submit": "success"}
    assert [item.State for item in jobs_of(client, "retry")] == ["Finished"]
    assert run_once.with_suffix(".first").read_text() == "x\n"
    assert run_once.with_suffix(".second").read_text() == "x\nx\n"


def test_auto_release_without_waiting_submits_once(client, faults):
    counted = job({"a": task("true", ClusterId="auto-once")}, AutoRelease=True, Name="auto-once")
    faults({"operation": "batchcompute.GetJob", "kind": "slow", "seconds": 0.3, "times": 5})
    found = run("auto_once", job=counted, wait_for_completion=False)
    assert states(found) == {"submit": "success"}
    wait_until(lambda: jobs_of(client, "auto-once") == [])


def run_again():
    run("again", job=job({"a": task("false", ClusterId="again")}), run_kwargs=at(pendulum.datetime(2024, 5, 5)))


def test_the_same_run_id_made_again_is_another_run(client):
    """Airflow 2 names a run of dag.test() by its date only, so that a second one has the same run id."""
    program = (
        # Airflow 2 can delete the first run only with the tables of its users, which no other test imports.
        "import airflow.providers.fab.auth_manager.models\n"
        "from tests.airflow.test_operator import run_again\n"
        "run_again()\n"
    )
    for _ in range(2):
        if AIRFLOW_3:
            run_again()
        else:
            done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT)
            assert done.returncode == 0, done.stderr
    assert [item.State for item in jobs_of(client, "again")] == ["Failed", "Failed"]


def test_a_failed_credential_renewal_is_not_a_failed_wait(client):
    from airflow_provider_bcs.batchcompute.port import BatchComputePort
    from airflow_provider_bcs.batchcompute.target import Target
    from airflow_provider_bcs.exceptions import MissingCredentialsError
    from airflow_provider_bcs.http.credentials import Credentials

    submitted = client.create_job(job({"a": task("true")})).Id
    answers = iter([MissingCredentialsError("not now")])

    def provide():
        for error in answers:
            raise error
        return Credentials("local", ACCESS_KEY_SECRET)

    port = BatchComputePort(Client(client.endpoint, credentials=provide))
    poll = port.poll(Target(submitted), logging.getLogger("test"))
    assert poll() is None
    assert poll().Id == submitted


def test_it_survives_serialization():
    with new_dag("serialized") as dag:
        BatchComputeSubmitJobOperator(task_id="submit", job=job(), deferrable=True)
    assert '"job"' in json.dumps(serialized(dag)["dag"]["tasks"], default=str)


# The trigger


def test_a_trigger_survives_serialization():
    trigger = BatchComputeTrigger("job-1", "t", 3, "conn", 5.0, 1e9)
    path, kwargs = trigger.serialize()
    assert path == "airflow_provider_bcs.triggers.batchcompute.BatchComputeTrigger"
    assert BatchComputeTrigger(**json.loads(json.dumps(kwargs))).serialize() == (path, kwargs)


def test_a_trigger_that_cannot_ask_for_its_task_says_what_may_still_run(caplog, capfd):
    # Nobody is there to tell how the task is: this is no triggerer.
    asyncio.run(BatchComputeTrigger("job-7", cancel_on_kill=True).on_kill())
    assert "job job-7 may still run" in task_log(caplog) + "".join(capfd.readouterr())


def test_events(client, faults):
    finished = client.create_job(job({"a": task("true")})).Id
    running = client.create_job(job({"a": task("sleep 600")})).Id
    faults({"operation": "batchcompute.GetJob", "kind": "error-500", "times": 1})
    assert trigger_events(BatchComputeTrigger(finished, poll_interval=0.1)) == [
        {"job_id": finished, "state": "Finished"}
    ]
    assert trigger_events(BatchComputeTrigger(finished, "a", 0, poll_interval=0.1)) == [
        {"job_id": finished, "state": "Finished"}
    ]
    started = time.time()
    deadline = started + 0.5
    assert trigger_events(BatchComputeTrigger(running, poll_interval=60, deadline=deadline)) == [
        {"job_id": running, "timeout": True}
    ]
    assert 0.4 < time.time() - started < 30
    (event,) = trigger_events(BatchComputeTrigger("job-0", poll_interval=0.1))
    assert "InvalidResource.NotFound" in event["error"]
    client.stop_job(running)
    assert trigger_events(BatchComputeTrigger(running, "a", poll_interval=0.1)) == [
        {"job_id": running, "state": "Stopped"}
    ]
    wait_until(lambda: client.get_job(running).State == "Stopped")


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_job_whose_id_cannot_be_pushed_is_named_and_stopped(client, monkeypatch, caplog, capfd, deferrable):
    break_xcom(monkeypatch, "job_id")
    name = f"no_xcom_{deferrable}"
    found = run(name, job=job({"a": task("sleep 60", ClusterId=name)}), deferrable=deferrable)
    assert states(found) == {"submit": "failed"}
    (submitted,) = jobs_of(client, name)
    assert submitted.State == "Stopped"
    assert submitted.Id in output(caplog, capfd)
