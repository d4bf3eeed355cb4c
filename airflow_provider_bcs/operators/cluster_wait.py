"""Wait of an operator for a cluster, on a worker or in the triggerer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from airflow.providers.common.compat.sdk import AirflowTaskTimeout

from airflow_provider_bcs.airflow_versions import deadline
from airflow_provider_bcs.batchcompute.cluster.target import ClusterTarget
from airflow_provider_bcs.batchcompute.facts import GONE, READY
from airflow_provider_bcs.exceptions import ClusterFailedError
from airflow_provider_bcs.hooks.metrics import count_wait
from airflow_provider_bcs.task_errors import TaskTimeoutError
from airflow_provider_bcs.triggers.deferral import state_of
from airflow_provider_bcs.waiting.polling import Log, wait_for_end

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook

__all__ = ["ClusterWaiting", "wait_for_cluster", "wait_has_ended"]


class ClusterWaiting(Protocol):
    """Operator that waits for a cluster."""

    bcs_conn_id: str
    deferrable: bool
    poll_interval: float
    execution_timeout: timedelta | None

    @property
    def hook(self) -> BatchComputeHook: ...

    @property
    def log(self) -> Log: ...

    def defer(self, *, trigger: Any, method_name: str) -> NoReturn: ...


def wait_for_cluster(operator: ClusterWaiting, target: ClusterTarget, context: Context) -> str:
    """Wait until the cluster has its machines, or does not exist any more; return its id.

    :raises TaskTimeoutError: when ``execution_timeout`` has passed
    :raises ClusterFailedError: when the cluster is deleted instead
    """
    if operator.deferrable:
        from airflow_provider_bcs.triggers.batchcompute_cluster import BatchComputeClusterTrigger

        operator.defer(
            trigger=BatchComputeClusterTrigger(
                **target.fields(),
                bcs_conn_id=operator.bcs_conn_id,
                poll_interval=operator.poll_interval,
                deadline=deadline(context, operator.execution_timeout),
            ),
            method_name="execute_complete",
        )
    begin = time.monotonic()
    try:
        state = wait_for_end(operator.hook.port.poll(target, operator.log), operator.poll_interval)
    except AirflowTaskTimeout as error:
        raise _timed_out(operator, target.cluster_id) from error
    finally:
        count_wait(operator.hook.service, time.monotonic() - begin)
    return _concluded(operator, target.cluster_id, str(state))


def wait_has_ended(operator: ClusterWaiting, event: Mapping[str, Any]) -> str:
    """Return the cluster's id from the trigger's event.

    :raises TaskTimeoutError: when ``execution_timeout`` has passed
    :raises WaitAbortedError: when the trigger has given up
    :raises ClusterFailedError: when the cluster is deleted instead
    """
    cluster_id = str(event["cluster_id"])
    if event.get("timeout"):
        raise _timed_out(operator, cluster_id)
    return _concluded(operator, cluster_id, state_of(event, f"cluster {cluster_id}"))


def _timed_out(operator: ClusterWaiting, cluster_id: str) -> TaskTimeoutError:
    return TaskTimeoutError(f"Cluster {cluster_id} was not ready within {operator.execution_timeout}.")


def _concluded(operator: ClusterWaiting, cluster_id: str, state: str) -> str:
    if state not in (READY, GONE):
        raise ClusterFailedError(cluster_id, state)
    operator.log.info("Cluster %s: %s.", cluster_id, state)
    return cluster_id
