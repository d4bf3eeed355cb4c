"""The trigger that waits for a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_bcs.batchcompute.cluster_target import ClusterTarget
from airflow_provider_bcs.triggers.state import StateTrigger

if TYPE_CHECKING:
    from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook


class BatchComputeClusterTrigger(StateTrigger):
    """Waits until each group of a cluster has its machines, or until the cluster is gone.

    :param cluster_id: the cluster
    :param gone: wait until it is gone
    :param bcs_conn_id: the connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time after which waiting ends, in seconds; None for no end
    """

    id_field = "cluster_id"

    def __init__(
        self,
        cluster_id: str,
        gone: bool = False,
        bcs_conn_id: str = "bcs_default",
        poll_interval: float = 10.0,
        deadline: float | None = None,
    ) -> None:
        super().__init__(ClusterTarget(cluster_id, gone), bcs_conn_id, poll_interval, deadline)

    def _hook(self) -> BatchComputeHook:
        from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook

        return BatchComputeHook(self.bcs_conn_id)
