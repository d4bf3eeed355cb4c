"""The PAI-DLC sensors: wait until a job, or one of its pods, has succeeded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_bcs.dlc.facts import SUCCEEDED
from airflow_provider_bcs.dlc.target import JobTarget, PodTarget
from airflow_provider_bcs.hooks.dlc import DlcHook
from airflow_provider_bcs.sensors.state import JobStateSensor
from airflow_provider_bcs.triggers.dlc import DlcJobTrigger, DlcPodTrigger


class _DlcSensor(JobStateSensor):
    ui_color = "#e8f4ff"
    good_end = SUCCEEDED

    def _hook(self) -> DlcHook:
        return DlcHook(self.bcs_conn_id)

    def _waiting(self, deadline: float) -> dict[str, Any]:
        return {
            **self.target.fields(),
            "bcs_conn_id": self.bcs_conn_id,
            "poll_interval": float(self.poke_interval),
            "deadline": deadline,
        }


class DlcJobSensor(_DlcSensor):
    """Wait until a job has succeeded; fail when it fails or is stopped.

    A job whose pods are kept for a while after its end (SucceededReserving, FailedReserving) has ended.

    :param job_id: the job (templated)
    :param bcs_conn_id: the connection (templated)
    :param deferrable: wait in the triggerer; by default what Airflow's option ``default_deferrable`` says
    """

    @property
    def target(self) -> JobTarget:
        """What is waited for."""
        return JobTarget(self.job_id)

    def _trigger(self, deadline: float) -> DlcJobTrigger:
        return DlcJobTrigger(**self._waiting(deadline))


class DlcPodSensor(_DlcSensor):
    """Wait until one pod of a job has succeeded; the rest of the job may still run.

    :param job_id: the job (templated)
    :param pod_id: its PodId, or the part of it that follows the job's id, such as ``worker-0`` (templated)
    :param bcs_conn_id: the connection (templated)
    :param deferrable: wait in the triggerer; by default what Airflow's option ``default_deferrable`` says
    """

    template_fields: Sequence[str] = (*JobStateSensor.template_fields, "pod_id")

    def __init__(self, *, pod_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pod_id = pod_id

    @property
    def target(self) -> PodTarget:
        """What is waited for."""
        return PodTarget(self.job_id, self.pod_id)

    def _trigger(self, deadline: float) -> DlcPodTrigger:
        return DlcPodTrigger(**self._waiting(deadline))
