"""The trigger that waits for a cluster."""

from __future__ import annotations

from airflow_provider_bcs.batchcompute.cluster.target import ClusterTarget
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.triggers.state import StateTrigger

__all__ = ["BatchComputeClusterTrigger"]


class BatchComputeClusterTrigger(StateTrigger):
    """Trigger that waits until each group of a cluster has its machines, or until the cluster is deleted.

    ::

        from airflow_provider_bcs.triggers.batchcompute_cluster import BatchComputeClusterTrigger

        trigger = BatchComputeClusterTrigger("cls-00000000", gone=True)

    :param cluster_id: id of the cluster
    :param gone: wait until the cluster does not exist any more
    :param bcs_conn_id: id of the Airflow connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time at which the wait ends, in seconds; None: no deadline
    """

    id_field = "cluster_id"
    hook_class = BatchComputeHook

    def __init__(
        self,
        cluster_id: str,
        gone: bool = False,
        bcs_conn_id: str = "bcs_default",
        poll_interval: float = 10.0,
        deadline: float | None = None,
    ) -> None:
        super().__init__(ClusterTarget(cluster_id, gone), bcs_conn_id, poll_interval, deadline)
