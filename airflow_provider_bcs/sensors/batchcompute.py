"""The BatchCompute sensors: wait until a job, a task of it, or one instance of a task has finished."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    conf,
)

from airflow_provider_bcs.batchcompute.states import UNSUCCESSFUL
from airflow_provider_bcs.batchcompute.target import Target
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_bcs.batchcompute.response import Stateful
    from airflow_provider_bcs.openapi.polling import Poll


class BatchComputeJobSensor(BaseSensorOperator):
    """Wait until a job has finished; fail when it fails or is stopped.

    :param job_id: the job (templated)
    :param bcs_conn_id: the connection (templated)
    :param deferrable: wait in the triggerer; by default what Airflow's option ``default_deferrable`` says
    """

    template_fields: Sequence[str] = ("job_id", "bcs_conn_id")
    ui_color = "#fff2e0"

    def __init__(
        self,
        *,
        job_id: str,
        bcs_conn_id: str = BatchComputeHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.bcs_conn_id = bcs_conn_id
        self.deferrable = deferrable

    @property
    def target(self) -> Target:
        """What is waited for."""
        return Target(self.job_id)

    @cached_property
    def _poll(self) -> Poll[Stateful]:
        return self.target.poll(BatchComputeHook(self.bcs_conn_id).client, self.log)

    def poke(self, context: Context) -> bool:
        """Return whether it has finished.

        :raises AirflowException: when it ended without success, or when there is no such thing
        :raises AirflowSkipException: instead, with ``soft_fail``
        """
        from airflow_provider_bcs.openapi.errors import ServiceError

        if self.job_id in (None, "", "None"):
            raise self._failure(f"job_id is {self.job_id!r}; did its template find what it was to pull from XCom?")
        try:
            status = self._poll()
        except ServiceError as error:
            raise self._failure(f"{self.target}: {error}") from error
        if status is None or not status.is_terminal:
            return False
        self._check(status.State)
        return True

    def _check(self, state: str) -> None:
        if state in UNSUCCESSFUL:
            raise self._failure(f"{self.target} is {state}.")

    def _failure(self, text: str, kind: type[AirflowException] = AirflowException) -> AirflowException:
        # Airflow's own soft_fail covers its time-outs, but not that what is waited for has failed.
        return AirflowSkipException(text) if self.soft_fail else kind(text)

    def execute(self, context: Context) -> None:
        """Wait: in the triggerer if deferrable, else as the sensor's mode says."""
        if not self.deferrable:
            super().execute(context)
        elif not self.poke(context):
            self.defer(
                trigger=BatchComputeTrigger(
                    **self.target.fields(),
                    bcs_conn_id=self.bcs_conn_id,
                    poll_interval=float(self.poke_interval),
                    deadline=self._deadline(context),
                ),
                method_name="execute_complete",
            )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        """Go on after the triggerer has seen the end."""
        if event.get("timeout"):
            raise self._failure(f"{self.target} did not end within {self.timeout:.0f} s.", AirflowSensorTimeout)
        if event.get("error"):
            raise self._failure(f"Waiting for {self.target} was given up: {event['error']}")
        self._check(event["state"])
        self.log.info("%s has finished.", self.target)

    def _deadline(self, context: Context) -> float:
        ti: Any = context["ti"]
        seconds = self.timeout
        if self.execution_timeout is not None:
            seconds = min(seconds, self.execution_timeout.total_seconds())
        # dag.test() of Airflow 2 sets no start date.
        started = ti.start_date.timestamp() if ti.start_date else time.time()
        return float(started + seconds)


class BatchComputeTaskSensor(BatchComputeJobSensor):
    """Wait until one task of a job has finished; the rest of the job may still run.

    :param task_name: the task (templated)
    """

    template_fields: Sequence[str] = (*BatchComputeJobSensor.template_fields, "task_name")

    def __init__(self, *, task_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.task_name = task_name

    @property
    def target(self) -> Target:
        """What is waited for."""
        return Target(self.job_id, self.task_name)


class BatchComputeInstanceSensor(BatchComputeTaskSensor):
    """Wait until one instance of a task has finished.

    :param instance_id: its number, from 0 (templated)
    """

    template_fields: Sequence[str] = (*BatchComputeTaskSensor.template_fields, "instance_id")

    def __init__(self, *, instance_id: int | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id

    @property
    def target(self) -> Target:
        """What is waited for."""
        return Target(self.job_id, self.task_name, int(self.instance_id))
