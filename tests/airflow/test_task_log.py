"""The log of a task: short progress, levels, pods by role, the reason before the frames, times and places."""

from __future__ import annotations

import contextlib
import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowTaskTimeout

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.sensors.batchcompute import BatchComputeJobSensor
from airflow_provider_bcs.translator import PaiDlc, SingleJob, job_to_dag
from tests.airflow.running import AIRFLOW_3, leveled, poll_often, run_dag, states
from tests.dlc.bodies import role
from tests.dlc.jobs import job as dlc_job
from tests.local.service import job, task

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")

ID = r"(?:job-[0-9A-F]{32}|dlc\w{13})"
PROGRAM = (
    "sh -c 'echo INFO begin; echo plain; echo WARNING: low memory >&2; echo out of cheese >&2;"
    " test $BATCH_COMPUTE_DAG_INSTANCE_ID = 0 || { sleep 1; exit 3; }'"
)


def printed_in(capfd: Any) -> str:
    return "".join(capfd.readouterr())


def submit(operator: type[Any], description: Any, **arguments: Any) -> Any:
    with DAG("task_log", schedule=None, start_date=datetime(2024, 1, 1)) as dag:
        operator(task_id="t", job=description, poll_interval=0.2, **arguments)
    return run_dag(dag)


def progress(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
    states = "Waiting|Running|Finished|Failed|Creating|Queuing|EnvPreparing|Succeeded|Stopped"
    return [(level, text) for level, text in lines if re.fullmatch(rf"({states})(;.*)?", text)]


@pytest.mark.parametrize("deferrable", [False, True])
def test_progress_has_no_id_and_no_count_of_an_only_task(caplog, capfd, deferrable):
    caplog.set_level("INFO")
    assert states(submit(BatchComputeSubmitJobOperator, job("sleep 1"), deferrable=deferrable)) == {"t": "success"}
    found = progress(leveled(caplog, printed_in(capfd)))
    assert ("info", "Finished") in found
    assert {text for _, text in found} <= {"Waiting", "Running", "Finished"}


@pytest.mark.parametrize("deferrable", [False, True])
def test_progress_of_several_instances(caplog, capfd, deferrable):
    caplog.set_level("INFO")
    submit(BatchComputeSubmitJobOperator, job({"t": task("sleep 1", 2)}), deferrable=deferrable)
    assert ("info", "Finished; instances: 2 of 2 finished") in leveled(caplog, printed_in(capfd))


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_failure_of_instances(caplog, capfd, deferrable):
    caplog.set_level("INFO")
    tasks = {"good": task("echo good"), "bad": task(PROGRAM, 3)}
    assert states(submit(BatchComputeSubmitJobOperator, job(tasks), deferrable=deferrable)) == {"t": "failed"}
    lines = leveled(caplog, printed_in(capfd))
    assert all(level == ("error" if text.startswith("Failed") else "info") for level, text in progress(lines))
    assert any(text.startswith("Failed; tasks: ") for _, text in progress(lines))
    # The answer is the first thing after the progress, and it is short.
    texts = [text for _, text in lines]
    (first,) = {text for text in texts if re.fullmatch(rf"Job {ID} \(\S+\) is Failed", text)}
    answer = lines[texts.index(first) :]
    assert re.fullmatch(r"The job waited \d+ s and ran \d+ s\.", answer[1][1])
    failed = r"Instance [12] of task bad failed: CommandFailed: The command ended with exit code 3\."
    assert re.fullmatch(failed, answer[2][1])
    assert answer[3:5] == [("error", "  | WARNING: low memory"), ("error", "  | out of cheese")]
    assert {level for level, _ in answer[:5]} == {"error"}
    # What the failed instances have written comes after it, each line at its level.
    begin = next(i for i, (_, text) in enumerate(answer) if text.startswith("stdout of instance"))
    assert 5 < begin < 20
    copied = [(level, text) for level, text in answer[begin:] if text.startswith(("  | ", "stderr of"))]
    assert copied[:2] == [("info", "  | INFO begin"), ("info", "  | plain")]
    assert copied[2][0] == "info"
    assert copied[3:5] == [("warning", "  | WARNING: low memory"), ("error", "  | out of cheese")]


def traceback_of(caplog: Any, printed: str) -> str:
    """Return what Airflow has logged of the first error that ended a task."""
    if AIRFLOW_3:
        return printed.partition("Task failed with exception")[2].partition("::group::Post Execute")[0]
    (record, *_) = [record for record in caplog.records if record.getMessage() == "Task failed with exception"]
    assert record.exc_text is not None
    return str(record.exc_text)


def assert_short(trace: str, error: str) -> None:
    assert len(re.findall(r"/airflow_provider_bcs/", trace)) == 1
    assert "direct cause" not in trace
    assert "During handling" not in trace
    assert re.search(rf"^airflow_provider_bcs\.\w+\.{error}", trace, re.MULTILINE)


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_traceback_of_a_failed_job(caplog, capfd, deferrable):
    submit(BatchComputeSubmitJobOperator, job("false"), deferrable=deferrable)
    assert_short(traceback_of(caplog, printed_in(capfd)), rf"ProgramFailedError: Job {ID} \(\S+\) is Failed")


@pytest.mark.filterwarnings("ignore::airflow_provider_bcs.description.violation.JobWarning")
def test_the_traceback_of_a_refused_job(caplog, capfd):
    # The local service runs no jobs of this type; the rules of CreateJob allow it.
    body = dlc_job(JobType="NewJob")
    assert states(submit(DlcSubmitJobOperator, body)) == {"t": "failed"}
    printed = printed_in(capfd)
    logged = [text for level, text in leveled(caplog, printed) if level == "error"]
    assert any(text.startswith("The service refuses the job: ") for text in logged)
    assert_short(traceback_of(caplog, printed), "RefusedJobError: The service refuses the job: ")


@pytest.mark.usefixtures("impatient")
def test_the_traceback_of_a_service_that_fails(caplog, capfd, faults):
    """The error comes from deep inside the client."""
    faults({"operation": "batchcompute.CreateJob", "kind": "error-500"})
    assert states(submit(BatchComputeSubmitJobOperator, job("true"))) == {"t": "failed"}
    assert_short(traceback_of(caplog, printed_in(capfd)), "ServerError: ")


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_traceback_of_a_timeout(caplog, capfd, deferrable):
    # In Airflow 2 this exception leaves even dag.test().
    with contextlib.suppress(AirflowTaskTimeout):
        submit(
            BatchComputeSubmitJobOperator,
            job("sleep 600"),
            deferrable=deferrable,
            execution_timeout=timedelta(seconds=5),
        )
    assert_short(traceback_of(caplog, printed_in(capfd)), rf"TaskTimeoutError: Job {ID} did not end within 0:00:05")


def test_the_traceback_of_a_sensor(caplog, capfd, service):
    job_id = service.create(job("false"))
    service.wait(job_id)
    with DAG("task_log_sensor", schedule=None, start_date=datetime(2024, 1, 1)) as dag:
        BatchComputeJobSensor(task_id="t", job_id=job_id, poke_interval=0.2)
    caplog.set_level("INFO")
    assert states(run_dag(dag)) == {"t": "failed"}
    printed = printed_in(capfd)
    lines = leveled(caplog, printed)
    assert ("info", f"Waiting for job {job_id}.") in lines
    assert ("error", "Failed") in lines
    assert ("error", f"job {job_id} is Failed.") in lines
    assert_short(traceback_of(caplog, printed), f"JobFailedError: job {job_id} is Failed")


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_success_says_how_long_and_where(caplog, capfd, deferrable):
    caplog.set_level("INFO")
    where = {"OutputMapping": {"/home/out/": "oss://bucket/out/"}}
    description = job({"t": task("sh -c 'sleep 1; echo x > /home/out/x'", **where)})
    assert states(submit(BatchComputeSubmitJobOperator, description, deferrable=deferrable)) == {"t": "success"}
    lines = [text for level, text in leveled(caplog, printed_in(capfd)) if level == "info"]
    assert any(re.fullmatch(rf"Job {ID} \(\S+\) is Finished; it waited \d+ s and ran \d+ s\.", text) for text in lines)
    assert "Output: oss://bucket/out/" in lines
    assert "Standard output and error of the instances: oss://logs/" in lines


@pytest.mark.parametrize(
    "execution", [SingleJob(), PaiDlc(image="python:3.11", instance_type="ecs.g6.large", ignore=["ClusterId"])]
)
def test_a_success_of_one_task_of_a_graph(caplog, capfd, execution):
    caplog.set_level("INFO")
    tasks = {name: task("true", OutputMapping={"/home/out/": f"oss://bucket/{name}/"}) for name in ("one", "two")}
    dag = job_to_dag(job(tasks), "task_log_graph", execution=execution)
    poll_often(dag)
    assert set(states(run_dag(dag)).values()) == {"success"}
    lines = [text for level, text in leveled(caplog, printed_in(capfd)) if level == "info"]
    assert {"Output: oss://bucket/one/", "Output: oss://bucket/two/"} <= set(lines)
    if isinstance(execution, SingleJob):
        for name in tasks:
            assert any(re.fullmatch(rf"Task {name} of job {ID} is Finished; it ran \d+ s\.", text) for text in lines)
    else:
        spent = rf"Job {ID} \(\S+-(one|two)\) is Succeeded; it waited \d+ s and ran \d+ s\."
        assert any(re.fullmatch(spent, text) for text in lines)


SCRIPT = """
for i in 1 2 3 4; do
  sleep 1.1
  echo "step $i of $RANK"
done
echo "2026-01-01 00:00:00,123 WARNING low memory"
echo "[E socket.cpp:12] no connection"
"""


@pytest.mark.parametrize("deferrable", [False, True])
def test_pods_of_several_roles(caplog, capfd, deferrable):
    caplog.set_level("INFO")
    roles = [role(Type="Master"), role(PodCount=2)]
    found = submit(DlcSubmitJobOperator, dlc_job(SCRIPT, DisplayName="roles", JobSpecs=roles), deferrable=deferrable)
    assert states(found) == {"t": "success"}
    lines = list(dict.fromkeys(leveled(caplog, printed_in(capfd))))
    pods = [re.fullmatch(r"\[([a-z]+-\d)\] (\S+ \S+) (.*)", text) for _, text in lines]
    told = [(level, *match.groups()) for (level, _), match in zip(lines, pods, strict=True) if match]
    rank = {"master-0": 0, "worker-0": 1, "worker-1": 2}
    assert {pod for _, pod, *_ in told} == set(rank)
    for name, number in rank.items():
        own = [(level, text) for level, pod, _, text in told if pod == name]
        assert own == [
            *(("info", f"step {step} of {number}") for step in range(1, 5)),
            ("warning", "2026-01-01 00:00:00,123 WARNING low memory"),
            ("error", "[E socket.cpp:12] no connection"),
        ]
    # In order of the time that the service puts before a line.
    times = [time for _, _, time, _ in told]
    assert times == sorted(times)
    assert len(set(times)) > 3
    texts = [text for _, text in lines]
    assert any(text.startswith("Succeeded; JobSucceeded: ") for text in texts)
    spent = rf"Job {ID} \(roles\) is Succeeded; it waited \d+ s and ran \d+ s\."
    assert any(re.fullmatch(spent, text) for text in texts)


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_failure_of_pods(caplog, capfd, deferrable):
    caplog.set_level("INFO")
    roles = [role(Type="Master"), role(PodCount=2)]
    command = 'echo "RANK is $RANK"; test "$RANK" != 2 || { sleep 1; echo no cheese; exit 4; }; sleep 60'
    body = dlc_job(command, DisplayName="pods", JobSpecs=roles)
    assert states(submit(DlcSubmitJobOperator, body, deferrable=deferrable)) == {"t": "failed"}
    lines = leveled(caplog, printed_in(capfd))
    assert any(level == "error" for level, text in lines if text.startswith("Failed; JobFailed"))
    texts = [text for _, text in lines]
    (first,) = {text for text in texts if re.match(rf"Job {ID} \(pods\) is Failed: JobFailed: ", text)}
    answer = lines[texts.index(first) :][:7]
    assert {level for level, _ in answer} == {"error"}
    assert re.fullmatch(r"The job waited \d+ s and ran \d+ s\.", answer[1][1])
    pod = ["Pod worker-1 failed (exit code 4)", "(its host: vm)", "The last lines of its log:"]
    assert [re.sub("host: .*", "host: vm)", text) for _, text in answer[2:5]] == pod
    for (_, text), end in zip(answer[5:], ("RANK is 2", "no cheese"), strict=True):
        assert re.fullmatch(rf"  \| [-\d]+ [:\d]+ {end}", text)


def test_secrets_of_a_failed_program_stay_masked(caplog, capfd):
    caplog.set_level("INFO")
    program = "sh -c 'echo ERROR: swordfish-17 >&2; echo swordfish-17; sleep 1; exit 3'"
    description = job({"t": task(program, EnvVars={"DB_PASSWORD": "swordfish-17"})})
    submit(BatchComputeSubmitJobOperator, description)
    printed = printed_in(capfd)
    lines = leveled(caplog, printed)
    assert ("error", "  | ERROR: ***") in lines
    assert ("info", "  | ***") in lines
    assert "swordfish-17" not in json.dumps(lines) + printed
