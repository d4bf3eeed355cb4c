"""The sensor that waits for the machines of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_bcs.batchcompute.cluster_target import ClusterTarget
from airflow_provider_bcs.batchcompute.facts import READY
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.sensors.state import StateSensor
from airflow_provider_bcs.triggers.batchcompute_cluster import BatchComputeClusterTrigger


class BatchComputeClusterSensor(StateSensor):
    """Wait until each group of a cluster has the machines it is to have; fail when the cluster is deleted.

    :param cluster_id: the cluster (templated)
    :param bcs_conn_id: the connection (templated)
    :param deferrable: wait in the triggerer; by default what Airflow's option ``default_deferrable`` says
    """

    template_fields: Sequence[str] = ("cluster_id", *StateSensor.template_fields)
    id_field = "cluster_id"
    ui_color = "#fff2e0"
    good_end = READY

    def __init__(self, *, cluster_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster_id = cluster_id

    @property
    def target(self) -> ClusterTarget:
        """What is waited for."""
        return ClusterTarget(self.cluster_id)

    def _hook(self) -> BatchComputeHook:
        return BatchComputeHook(self.bcs_conn_id)

    def _trigger(self, deadline: float) -> BatchComputeClusterTrigger:
        return BatchComputeClusterTrigger(
            self.cluster_id,
            bcs_conn_id=self.bcs_conn_id,
            poll_interval=float(self.poke_interval),
            deadline=deadline,
        )
