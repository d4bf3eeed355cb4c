"""The BatchCompute sensors: wait until a job, a task of it, or one instance of a task has finished."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_bcs.batchcompute.facts import FINISHED
from airflow_provider_bcs.batchcompute.target import Target
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.sensors.state import JobStateSensor
from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger


class BatchComputeJobSensor(JobStateSensor):
    """Wait until a job has finished; fail when it fails or is stopped.

    :param job_id: the job (templated)
    :param bcs_conn_id: the connection (templated)
    :param deferrable: wait in the triggerer; by default what Airflow's option ``default_deferrable`` says
    """

    ui_color = "#fff2e0"
    good_end = FINISHED

    @property
    def target(self) -> Target:
        """What is waited for."""
        return Target(self.job_id)

    def _hook(self) -> BatchComputeHook:
        return BatchComputeHook(self.bcs_conn_id)

    def _trigger(self, deadline: float) -> BatchComputeTrigger:
        return BatchComputeTrigger(
            **self.target.fields(),
            bcs_conn_id=self.bcs_conn_id,
            poll_interval=float(self.poke_interval),
            deadline=deadline,
        )


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
