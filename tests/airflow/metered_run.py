"""Run one task of each kind in a process whose Airflow reports metrics; started by test_metrics.py.

Argument: URL of the local service.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone
from importlib import import_module
from typing import Any

import requests
from airflow.providers.common.compat.sdk import DAG, AirflowException

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from tests.airflow.running import AIRFLOW_3, run_dag, states
from tests.batchcompute.jobs import job, task
from tests.dlc.jobs import job as dlc_job

START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def set_up_stats() -> None:
    """Set up Airflow's metrics as a worker and a triggerer do; ``dag.test()`` of Airflow 3 does not."""
    if not AIRFLOW_3:
        return
    for package in ("airflow.sdk.observability", "airflow.observability"):
        factory = import_module(f"{package}.metrics.stats_utils").get_stats_factory()
        import_module(f"{package}.stats").initialize(factory=factory, export_legacy_names=True)


class GivesUp(BatchComputeSubmitJobOperator):
    """Gives up waiting in its first try."""

    def execute(self, context: Any) -> Any:
        self._gives_up = context["ti"].try_number == 1
        return super().execute(context)

    def _wait(self, job_id: str) -> str:
        if self._gives_up:
            raise AirflowException("gave up")
        return super()._wait(job_id)


class Killed(DlcSubmitJobOperator):
    """Is killed as soon as its job is submitted."""

    def execute(self, context: Any) -> Any:
        self.wait_for_completion = False
        job_id = super().execute(context)
        self.on_kill()
        return job_id


class Refused(BatchComputeSubmitJobOperator):
    """Submits a job that the service refuses, after all checks of this package."""

    def _steps(self) -> Any:
        return (*super()._steps(), lambda job: job.with_fields(Priority=-1))


def main(url: str) -> None:
    set_up_stats()
    fast: dict[str, Any] = {"poll_interval": 0.2}
    with DAG("metered", start_date=START, schedule=None) as dag:
        two_lines = task("sh -c 'echo one; echo two'")
        two_lines["Parameters"]["StdoutRedirectPath"] = "oss://logs/"
        BatchComputeSubmitJobOperator(task_id="plain", job=job({"a": two_lines}), log_instances="all", **fast)
        BatchComputeSubmitJobOperator(task_id="deferred", job=job({"a": task("true")}), deferrable=True, **fast)
        GivesUp(task_id="retried", job=job({"a": task("sleep 2")}), retries=1, retry_delay=timedelta(0), **fast)
        Refused(task_id="refused", job=job({"a": task("true")}), **fast)
        DlcSubmitJobOperator(task_id="logged", job=dlc_job("echo one; echo two"), **fast)
        DlcSubmitJobOperator(task_id="logged_deferred", job=dlc_job("echo one"), deferrable=True, **fast)
        Killed(task_id="killed", job=dlc_job("sleep 600"), **fast)
    fault = {"operation": "batchcompute.GetJob", "kind": "error-500", "times": 1}
    assert requests.post(f"{url}/_local/faults", json=[fault], timeout=5).ok
    found = states(run_dag(dag))
    assert found.pop("refused") == "failed", found
    assert set(found.values()) == {"success"}, found


if __name__ == "__main__":
    main(*sys.argv[1:])
