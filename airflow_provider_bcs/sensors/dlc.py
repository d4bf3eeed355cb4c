"""The PAI-DLC sensors: wait until a job, or one of its pods, has succeeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_bcs.dlc.facts import SUCCEEDED
from airflow_provider_bcs.dlc.target import JobTarget, PodTarget
from airflow_provider_bcs.hooks.dlc import DlcHook
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION
from airflow_provider_bcs.links.dlc import DlcJobLink
from airflow_provider_bcs.sensors.state import StateSensor
from airflow_provider_bcs.triggers.deferral import DEFERRABLE

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import SensorArguments
    from airflow_provider_bcs.triggers.dlc import DlcJobTrigger, DlcPodTrigger

__all__ = ["DlcJobSensor", "DlcPodSensor"]


class DlcJobSensor(StateSensor[DlcHook]):
    """Wait until a job has succeeded; fail when it failed or was stopped.

    A job whose pods are kept for a while after its end (``SucceededReserving``, ``FailedReserving``) has ended.

    ::

        from airflow_provider_bcs.sensors.dlc import DlcJobSensor

        DlcJobSensor(task_id="wait", job_id="dlc0000000000000", deferrable=True, poke_interval=30)

    :param job_id: id of the job (templated)
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param deferrable: wait in the triggerer; default: Airflow's option ``default_deferrable``
    :param kwargs: parameters of ``BaseSensorOperator``: ``poke_interval``, ``timeout``, ``mode``, ``soft_fail`` ...
    :raises JobFailedError: when the job failed or was stopped
    :raises WaitTimeoutError: when ``timeout`` has passed
    :raises SoftFailError: instead of both, with ``soft_fail``
    """

    custom_operator_name = "PAI-DLC job sensor"
    template_fields: Sequence[str] = ("job_id", *StateSensor.template_fields)
    template_types: ClassVar[Mapping[str, Any]] = {**StateSensor.template_types, "job_id": str}
    ui_color = "#e8f4ff"
    hook_class = DlcHook
    success_states = frozenset({SUCCEEDED})
    job_link = DlcJobLink()
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
    def target(self) -> JobTarget:
        """The job."""
        return JobTarget(self.job_id)

    @staticmethod
    def _trigger_class() -> type[DlcJobTrigger]:
        from airflow_provider_bcs.triggers.dlc import DlcJobTrigger

        return DlcJobTrigger


class DlcPodSensor(StateSensor[DlcHook]):
    """Wait until one pod of a job has succeeded; the rest of the job may still run.

    ::

        from airflow_provider_bcs.sensors.dlc import DlcPodSensor

        DlcPodSensor(task_id="wait", job_id="dlc0000000000000", pod_id="worker-0")

    :param job_id: id of the job (templated)
    :param pod_id: ``PodId``, or its part after the job id, such as ``worker-0`` (templated)
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param deferrable: wait in the triggerer; default: Airflow's option ``default_deferrable``
    :param kwargs: parameters of ``BaseSensorOperator``: ``poke_interval``, ``timeout``, ``mode``, ``soft_fail`` ...
    :raises JobFailedError: when the pod failed or was stopped
    :raises WaitTimeoutError: when ``timeout`` has passed
    :raises SoftFailError: instead of both, with ``soft_fail``
    """

    custom_operator_name = "PAI-DLC pod sensor"
    template_fields: Sequence[str] = ("job_id", *StateSensor.template_fields, "pod_id")
    template_types: ClassVar[Mapping[str, Any]] = {**StateSensor.template_types, "job_id": str, "pod_id": str}
    ui_color = "#e8f4ff"
    hook_class = DlcHook
    success_states = frozenset({SUCCEEDED})
    job_link = DlcJobLink()
    operator_extra_links = (job_link,)

    def __init__(
        self,
        *,
        job_id: str,
        pod_id: str,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = DEFERRABLE,
        **kwargs: Unpack[SensorArguments],
    ) -> None:
        super().__init__(bcs_conn_id=bcs_conn_id, deferrable=deferrable, **kwargs)
        self.job_id = job_id
        self.pod_id = pod_id

    @property
    def target(self) -> PodTarget:
        """The pod."""
        return PodTarget(self.job_id, self.pod_id)

    @staticmethod
    def _trigger_class() -> type[DlcPodTrigger]:
        from airflow_provider_bcs.triggers.dlc import DlcPodTrigger

        return DlcPodTrigger
