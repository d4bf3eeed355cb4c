"""What a further try makes of the job of the try before."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowException
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_3_PLUS

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.translator import BatchComputeTaskGroup, JobPerTask, SingleJob
from tests.airflow.running import output, run_dag, states
from tests.batchcompute.jobs import job, task

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
ONE_RETRY: dict[str, Any] = {"retries": 1, "retry_delay": timedelta(0), "poll_interval": 0.2}


class Giving(BatchComputeSubmitJobOperator):
    """Gives up waiting in its first try, as one does that cannot reach the service for long."""

    def execute(self, context):
        self._gives_up = context["ti"].try_number == 1
        return super().execute(context)

    def _wait(self, job_id):
        if self._gives_up:
            raise AirflowException("gave up")
        return super()._wait(job_id)


def run(operator: type, name: str, **kwargs: Any) -> Any:
    with DAG(name, start_date=START, schedule=None) as dag:
        operator(task_id="submit", **ONE_RETRY, **kwargs)
    return run_dag(dag)


@pytest.mark.usefixtures("airflow_db", "connection")
@pytest.mark.parametrize("retry_strategy", ["restart", "resubmit"])
def test_a_failed_job_is_started_again_or_submitted_anew(client, service, retry_strategy):
    name = f"strategy-{retry_strategy}"
    marker = service.data_dir.parent / name
    description = job({"a": task(f"sh -c '! mkdir {marker}'", ClusterId=name)})
    assert states(run(BatchComputeSubmitJobOperator, name, job=description, retry_strategy=retry_strategy)) == {
        "submit": "success"
    }
    found = [item.State for item in client.list_jobs(cluster_id=name, reverse=True)]
    assert found == (["Finished"] if retry_strategy == "restart" else ["Failed", "Finished"])


@pytest.mark.usefixtures("airflow_db", "connection")
@pytest.mark.parametrize("retry_strategy", ["restart", "resubmit"])
def test_a_job_that_still_runs_is_waited_for(client, retry_strategy):
    name = f"still-runs-{retry_strategy}"
    found = run(Giving, name, job=job({"a": task("sleep 2", ClusterId=name)}), retry_strategy=retry_strategy)
    assert states(found) == {"submit": "success"}
    assert [item.State for item in client.list_jobs(cluster_id=name)] == ["Finished"]


@pytest.mark.usefixtures("airflow_db", "connection")
def test_a_job_whose_description_has_changed_is_replaced(client, caplog, capfd):
    seconds = "{{ 600 if ti.try_number == 1 else 0 }}"
    found = run(Giving, "changed", job=job({"a": task(f"sleep {seconds}", ClusterId="changed")}))
    assert states(found) == {"submit": "success"}
    before, after = client.list_jobs(cluster_id="changed", reverse=True)
    assert after.State == "Finished"
    if AIRFLOW_V_3_3_PLUS:
        assert before.State == "Stopped"
        assert f"Job {before.Id} is stopped." in output(caplog, capfd)
    else:
        # Nothing there tells which job that was.
        assert before.State == "Running"
        client.stop_job(before)


def test_a_wrong_strategy_is_a_parse_error():
    with pytest.raises(ValueError, match="retry_strategy: found 'continue'; expected 'restart' or 'resubmit'."):
        BatchComputeSubmitJobOperator(task_id="submit", job=job(), retry_strategy="continue")


@pytest.mark.parametrize("cluster", [None, {"Name": "c", "ImageId": "i", "Groups": {"g": {"DesiredVMCount": 1}}}])
@pytest.mark.parametrize("way", [JobPerTask, SingleJob])
def test_a_graph_takes_the_policy(way, cluster):
    with DAG("policy", start_date=START, schedule=None):
        group = BatchComputeTaskGroup(
            "g",
            job({"a": task("true", ClusterId="", AutoCluster={"ImageId": "i", "InstanceType": "t"})}),
            execution=way(cluster=cluster),
            operator_args={"retry_strategy": "resubmit", "log_instances": "all"},
        )
    assert group["submit" if way is SingleJob else "a"].retry_strategy == "resubmit"
