"""The BatchCompute sensors: wait until a job, one of its tasks, or one instance of a task has finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_bcs.batchcompute.facts import FINISHED
from airflow_provider_bcs.batchcompute.target import Target
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION
from airflow_provider_bcs.links.batchcompute import BatchComputeJobLink
from airflow_provider_bcs.sensors.state import StateSensor
from airflow_provider_bcs.triggers.deferral import DEFERRABLE

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import SensorArguments
    from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger

__all__ = ["BatchComputeInstanceSensor", "BatchComputeJobSensor", "BatchComputeTaskSensor"]


class _BatchComputeSensor(StateSensor[BatchComputeHook]):
    template_fields: Sequence[str] = ("job_id", *StateSensor.template_fields)
    template_types: ClassVar[Mapping[str, Any]] = {**StateSensor.template_types, "job_id": str}
    ui_color = "#fff2e0"
    hook_class = BatchComputeHook
    success_states = frozenset({FINISHED})
    job_link = BatchComputeJobLink()
    operator_extra_links = (job_link,)

    def __init__(
        self,
        *,
        job_id: str,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = DEFERRABLE,
        **kwargs: Unpack[SensorArguments],
    ) -> None:
        super().__init__(bcs_conn_id=bcs_conn_id, deferrable=deferrable, **kwargs)
        self.job_id = job_id

    @property
    def target(self) -> Target:
        """The job."""
        return Target(self.job_id)

    @staticmethod
    def _trigger_class() -> type[BatchComputeTrigger]:
        from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger

        return BatchComputeTrigger


class BatchComputeJobSensor(_BatchComputeSensor):
    """Wait until a job has finished; fail when it failed or was stopped.

    ::

        from airflow_provider_bcs.sensors.batchcompute import BatchComputeJobSensor

        BatchComputeJobSensor(task_id="wait", job_id="job-00000000", deferrable=True, poke_interval=30)

    :param job_id: id of the job (templated)
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param deferrable: wait in the triggerer; default: Airflow's option ``default_deferrable``
    :param kwargs: parameters of ``BaseSensorOperator``: ``poke_interval``, ``timeout``, ``mode``, ``soft_fail`` ...
    :raises JobFailedError: when the job failed or was stopped
    :raises WaitTimeoutError: when ``timeout`` has passed
    :raises SoftFailError: instead of both, with ``soft_fail``
    """

    custom_operator_name = "BatchCompute job sensor"


class BatchComputeTaskSensor(_BatchComputeSensor):
    """Wait until one task of a job has finished; the rest of the job may still run.

    ::

        from airflow_provider_bcs.sensors.batchcompute import BatchComputeTaskSensor

        BatchComputeTaskSensor(task_id="wait", job_id="job-00000000", task_name="count")

    :param job_id: id of the job (templated)
    :param task_name: name of the task (templated)
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param deferrable: wait in the triggerer; default: Airflow's option ``default_deferrable``
    :param kwargs: parameters of ``BaseSensorOperator``: ``poke_interval``, ``timeout``, ``mode``, ``soft_fail`` ...
    :raises JobFailedError: when the task failed or was stopped
    :raises WaitTimeoutError: when ``timeout`` has passed
    :raises SoftFailError: instead of both, with ``soft_fail``
    """

    custom_operator_name = "BatchCompute task sensor"
    template_fields: Sequence[str] = (*_BatchComputeSensor.template_fields, "task_name")
    template_types: ClassVar[Mapping[str, Any]] = {**_BatchComputeSensor.template_types, "task_name": str}

    def __init__(
        self,
        *,
        job_id: str,
        task_name: str,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = DEFERRABLE,
        **kwargs: Unpack[SensorArguments],
    ) -> None:
        super().__init__(job_id=job_id, bcs_conn_id=bcs_conn_id, deferrable=deferrable, **kwargs)
        self.task_name = task_name

    @property
    def target(self) -> Target:
        """The task."""
        return Target(self.job_id, self.task_name)


class BatchComputeInstanceSensor(_BatchComputeSensor):
    """Wait until one instance of a task has finished.

    ::

        from airflow_provider_bcs.sensors.batchcompute import BatchComputeInstanceSensor

        BatchComputeInstanceSensor(task_id="wait", job_id="job-00000000", task_name="count", instance_id=0)

    :param job_id: id of the job (templated)
    :param task_name: name of the task (templated)
    :param instance_id: number of the instance, from 0 (templated)
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param deferrable: wait in the triggerer; default: Airflow's option ``default_deferrable``
    :param kwargs: parameters of ``BaseSensorOperator``: ``poke_interval``, ``timeout``, ``mode``, ``soft_fail`` ...
    :raises JobFailedError: when the instance failed or was stopped
    :raises WaitTimeoutError: when ``timeout`` has passed
    :raises SoftFailError: instead of both, with ``soft_fail``
    """

    custom_operator_name = "BatchCompute instance sensor"
    template_fields: Sequence[str] = (*_BatchComputeSensor.template_fields, "task_name", "instance_id")
    template_types: ClassVar[Mapping[str, Any]] = {**_BatchComputeSensor.template_types, "task_name": str}

    def __init__(
        self,
        *,
        job_id: str,
        task_name: str,
        instance_id: int | str,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = DEFERRABLE,
        **kwargs: Unpack[SensorArguments],
    ) -> None:
        super().__init__(job_id=job_id, bcs_conn_id=bcs_conn_id, deferrable=deferrable, **kwargs)
        self.task_name = task_name
        self.instance_id = instance_id

    @property
    def target(self) -> Target:
        """The instance."""
        return Target(self.job_id, self.task_name, int(self.instance_id))
