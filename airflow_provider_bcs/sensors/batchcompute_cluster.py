"""The sensor that waits for the machines of a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_bcs.batchcompute.cluster.target import ClusterTarget
from airflow_provider_bcs.batchcompute.facts import READY
from airflow_provider_bcs.exceptions import BcsError, ClusterFailedError
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION
from airflow_provider_bcs.sensors.state import StateSensor
from airflow_provider_bcs.triggers.deferral import DEFERRABLE

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import SensorArguments
    from airflow_provider_bcs.triggers.batchcompute_cluster import BatchComputeClusterTrigger

__all__ = ["BatchComputeClusterSensor"]


class BatchComputeClusterSensor(StateSensor[BatchComputeHook]):
    """Wait until each group of a cluster has its machines; fail when the cluster is deleted.

    ::

        from airflow_provider_bcs.sensors.batchcompute_cluster import BatchComputeClusterSensor

        BatchComputeClusterSensor(task_id="wait", cluster_id="cls-00000000", timeout=1800)

    :param cluster_id: id of the cluster (templated)
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param deferrable: wait in the triggerer; default: Airflow's option ``default_deferrable``
    :param kwargs: parameters of ``BaseSensorOperator``: ``poke_interval``, ``timeout``, ``mode``, ``soft_fail`` ...
    :raises ClusterFailedError: when the cluster is deleted
    :raises WaitTimeoutError: when ``timeout`` has passed
    :raises SoftFailError: instead of both, with ``soft_fail``
    """

    custom_operator_name = "BatchCompute cluster sensor"
    template_fields: Sequence[str] = ("cluster_id", *StateSensor.template_fields)
    template_types: ClassVar[Mapping[str, Any]] = {**StateSensor.template_types, "cluster_id": str}
    ui_color = "#fff2e0"
    id_field = "cluster_id"
    hook_class = BatchComputeHook
    success_states = frozenset({READY})

    def __init__(
        self,
        *,
        cluster_id: str,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = DEFERRABLE,
        **kwargs: Unpack[SensorArguments],
    ) -> None:
        super().__init__(bcs_conn_id=bcs_conn_id, deferrable=deferrable, **kwargs)
        self.cluster_id = cluster_id

    @property
    def target(self) -> ClusterTarget:
        """The cluster."""
        return ClusterTarget(self.cluster_id)

    def _failed(self, state: str) -> BcsError:
        return ClusterFailedError(self.cluster_id, state)

    @staticmethod
    def _trigger_class() -> type[BatchComputeClusterTrigger]:
        from airflow_provider_bcs.triggers.batchcompute_cluster import BatchComputeClusterTrigger

        return BatchComputeClusterTrigger
