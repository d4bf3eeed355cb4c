"""What fails, the class of its error, how many tries follow under the ready retry policy, and how the task ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_3_PLUS

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.exceptions import (
    BcsError,
    FailedPart,
    MachineLostError,
    ProgramFailedError,
    QueueTimeoutError,
)
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.translator import BatchComputeTaskGroup, SingleJob
from tests.airflow.conftest import connection_json
from tests.airflow.running import run_dag, states
from tests.batchcompute.jobs import job, task
from tests.conftest import IMPATIENT, keys_of
from tests.dlc.jobs import job as dlc_job
from tests.local.service import Service

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
FAILURES: list[BcsError] = []
pytestmark = pytest.mark.usefixtures("airflow_db", "connection", "impatient")


@contextmanager
def recorded() -> Iterator[None]:
    """Keep the error of each try."""
    try:
        yield
    except BcsError as error:
        FAILURES.append(error)
        raise


class Submit(BatchComputeSubmitJobOperator):
    """A job of BatchCompute."""

    def execute(self, context: Any) -> Any:
        with recorded():
            return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        with recorded():
            return super().execute_complete(context, event)


class SubmitDlc(DlcSubmitJobOperator):
    """A job of PAI-DLC."""

    def execute(self, context: Any) -> Any:
        with recorded():
            return super().execute(context)


def policy(**kwargs: Any) -> dict[str, Any]:
    """Return the arguments of a task with two retries under the policy, on Airflow 2 without one."""
    if not AIRFLOW_V_3_3_PLUS:
        return {"retries": 0}
    from airflow_provider_bcs.retry_policy import RemoteJobRetryPolicy

    return {"retries": 2, "retry_policy": RemoteJobRetryPolicy(first_delay=timedelta(0), **kwargs)}


def run(operator: Any, name: str, **kwargs: Any) -> tuple[str, int, list[str]]:
    """Return the state of the task, its tries and the classes of their errors."""
    FAILURES.clear()
    with DAG(name, start_date=START, schedule=None) as dag:
        operator(task_id="submit", **{"poll_interval": 0.05, **policy(), "retry_delay": timedelta(0), **kwargs})
    [ti] = run_dag(dag).get_task_instances()
    return str(ti.state), ti.try_number, [type(error).__name__ for error in FAILURES]


def failed(name: str, tries: int) -> tuple[str, int, list[str]]:
    """Return what :func:`run` returns for a task of which each try fails."""
    return "failed", tries if AIRFLOW_V_3_3_PLUS else 1, [name] * (tries if AIRFLOW_V_3_3_PLUS else 1)


@pytest.fixture
def full(connection: None, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service whose only place is taken."""
    service = Service(tmp_path / "data", "--max-instances", "1", "--max-pods", "1")
    monkeypatch.setenv("AIRFLOW_CONN_BCS_DEFAULT", connection_json(service))
    client = Client(*keys_of(service), retry=IMPATIENT)
    client.create_job(job({"a": task("sleep 600", ClusterId="blocker")}))
    yield service
    client.close()
    service.session.close()
    assert service.end() == 0


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_program_that_fails_is_not_tried_again(deferrable):
    description = job({"a": task("sh -c 'echo out of cheese >&2; exit 3'", ClusterId="exit-3")})
    assert run(Submit, f"exit_3_{deferrable}", job=description, deferrable=deferrable) == failed(
        "ProgramFailedError", 1
    )
    [error] = FAILURES
    assert (error.state, error.exit_codes, error.parts[0].host) == ("Failed", {"a/0": 3}, "127.0.0.1")
    assert error.job_id in str(error)
    assert "(its host: 127.0.0.1)" in str(error)
    assert error.parts[0].last_lines[-1:] == ("out of cheese",)


def test_a_pod_whose_program_fails_is_not_tried_again():
    assert run(SubmitDlc, "pod_exit_3", job=dlc_job("exit 3")) == failed("ProgramFailedError", 1)
    [error] = FAILURES
    assert list(error.exit_codes.values()) == [3]
    assert "(its host: " in str(error)


def test_a_killed_instance_is_tried_again():
    description = job({"a": task("sh -c 'kill -9 $PPID; sleep 60'", ClusterId="killed")})
    assert run(Submit, "killed_instance", job=description) == failed("MachineLostError", 3)


def test_throttled_polls_are_tried_again(faults):
    faults({"operation": "batchcompute.GetJob", "kind": "throttle", "times": 100, "seconds": 0})
    found = run(Submit, "throttled", job=job({"a": task(ClusterId="throttled")}))
    assert found == (("success", 2, ["ThrottledError"]) if AIRFLOW_V_3_3_PLUS else failed("ThrottledError", 1))


def test_a_refused_submission_is_not_tried_again():
    body = job({"a": task(ClusterId="refused")}, Priority=5000)
    assert run(Submit, "refused", job=body, ignore=["Priority"]) == ("failed", 1, ["RefusedJobError"])


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_job_that_never_leaves_waiting_is_stopped(full, deferrable):
    description = job({"a": task(ClusterId="waits")})
    arguments = {"deferrable": deferrable, "queue_timeout": timedelta(seconds=1), "retries": 0}
    found = run(Submit, f"waits_{deferrable}", job=description, **arguments)
    assert found == ("failed", 1, ["QueueTimeoutError"])
    client = Client(*keys_of(full), retry=IMPATIENT)
    assert [item.State for item in client.list_jobs(cluster_id="waits")] == ["Stopped"]
    client.close()


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_job_that_runs_is_not_stopped_by_its_queue_timeout(deferrable):
    description = job({"a": task("sleep 3", ClusterId="runs")})
    found = run(Submit, f"runs_{deferrable}", job=description, deferrable=deferrable, queue_timeout=1.5)
    assert found == ("success", 1, [])


@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.parametrize(("codes", "state"), [(99, "skipped"), ([1, 99], "skipped"), ([1], "failed")])
def test_skip_on_exit_code(codes, state, deferrable):
    description = job({"a": task("sh -c 'exit 99'", ClusterId="skip", InstanceCount=7)})
    name = f"skip_{state}_{type(codes).__name__}_{deferrable}"
    found = run(Submit, name, job=description, deferrable=deferrable, skip_on_exit_code=codes, retries=0)
    assert found[0] == state


def test_skip_on_exit_code_of_a_pod():
    assert run(SubmitDlc, "skip_pod", job=dlc_job("exit 99"), skip_on_exit_code=99)[0] == "skipped"


@pytest.mark.parametrize("start_from_trigger", [False, True] if AIRFLOW_V_3_3_PLUS else [False])
def test_a_follower_is_skipped_by_an_exit_code(start_from_trigger):
    description = job({"a": task("sh -c 'exit 99'", ClusterId="follow")})
    with DAG(f"follow_{start_from_trigger}", start_date=START, schedule=None) as dag:
        BatchComputeTaskGroup(
            group_id="g",
            job=description,
            execution=SingleJob(start_from_trigger=start_from_trigger),
            operator_args={"poll_interval": 0.1, "skip_on_exit_code": 99},
        )
    assert states(run_dag(dag))["g.a"] == "skipped"


@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.usefixtures("full")
def test_a_follower_stops_a_job_that_waits(deferrable):
    with DAG(f"follow_waits_{deferrable}", start_date=START, schedule=None) as dag:
        BatchComputeTaskGroup(
            group_id="g",
            job=job({"a": task(ClusterId="follow-waits")}),
            execution=SingleJob(),
            operator_args={"poll_interval": 0.1, "queue_timeout": 1},
            task_args={"a": {"deferrable": deferrable}},
        )
    assert states(run_dag(dag))["g.a"] == "failed"


@pytest.mark.parametrize("wrong", [0, -1, True, "1"])
def test_a_wrong_queue_timeout_is_refused(wrong):
    with pytest.raises(ValueError, match="queue_timeout: found"):
        Submit(task_id="a", job=job(), queue_timeout=wrong)


@pytest.mark.parametrize("wrong", ["3", [None], True])
def test_a_wrong_exit_code_is_refused(wrong):
    with pytest.raises(ValueError, match="skip_on_exit_code: found"):
        Submit(task_id="a", job=job(), skip_on_exit_code=wrong)


def test_a_restarted_trigger_keeps_the_time_at_which_the_job_has_to_run():
    from airflow_provider_bcs.triggers.dlc import DlcJobTrigger

    trigger = DlcJobTrigger("dlc1", queue_deadline=123.5)
    _, arguments = trigger.serialize()
    assert DlcJobTrigger(**arguments).serialize() == trigger.serialize()
    assert arguments["queue_deadline"] == 123.5


@pytest.mark.skipif(not AIRFLOW_V_3_3_PLUS, reason="no task starts in its trigger before Airflow 3.3")
def test_a_follower_without_a_worker_stops_a_job_that_waits(full):
    with DAG("follow_waits_trigger", start_date=START, schedule=None) as dag:
        BatchComputeTaskGroup(
            group_id="g",
            job=job({"a": task(ClusterId="trigger-waits")}),
            execution=SingleJob(start_from_trigger=True),
            operator_args={"poll_interval": 0.1, "queue_timeout": 1},
        )
    assert states(run_dag(dag))["g.a"] == "failed"
    client = Client(*keys_of(full), retry=IMPATIENT)
    assert [item.State for item in client.list_jobs(cluster_id="trigger-waits")] == ["Stopped"]
    client.close()


@pytest.mark.skipif(not AIRFLOW_V_3_3_PLUS, reason="there are no retry policies before Airflow 3.3")
def test_the_policy():
    from airflow_provider_bcs.retry_policy import RemoteJobRetryPolicy

    policy = RemoteJobRetryPolicy(retry_exit_codes=[75])
    assert vars(RemoteJobRetryPolicy.deserialize(policy.serialize())) == vars(policy)
    lost = MachineLostError("job-1", "Failed")
    delays = [policy.evaluate(lost, number, 100).retry_delay for number in (1, 2, 3, 90)]
    assert delays == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120), timedelta(minutes=30)]
    for code, action in ((3, "fail"), (75, "default")):
        ended = ProgramFailedError("job-1", "Failed", "", [FailedPart("a/0", code)])
        assert policy.evaluate(ended, 1, 5).action.value == action
    assert policy.evaluate(QueueTimeoutError("job-1", "Stopped"), 1, 5).action.value == "default"
