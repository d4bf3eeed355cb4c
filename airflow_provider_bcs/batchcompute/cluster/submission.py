"""Create a cluster exactly once; see :mod:`airflow_provider_bcs.batchcompute.submission`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.batchcompute.facts import CLUSTER_ACTIVE
from airflow_provider_bcs.batchcompute.submission import submissions
from airflow_provider_bcs.exceptions import NotFoundError, StateConflictError

if TYPE_CHECKING:
    from airflow_provider_bcs.batchcompute.client import Client

log = logging.getLogger(__name__)


def create_cluster(
    client: Client,
    cluster: Mapping[str, Any],
    owner: Mapping[str, Any],
    *,
    on_created: Callable[[str], None] = lambda cluster_id: None,
) -> str:
    """Create a cluster for ``owner``, or find the cluster that was created for it; return the cluster id.

    When that cluster was deleted, create another one.

    :param on_created: called with the cluster id as soon as it is known, before the next call can fail
    :raises ApiError: when the service refuses
    """

    def is_active(cluster_id: str) -> bool:
        on_created(cluster_id)
        if _is_active(client, cluster_id):
            return True
        log.info("Cluster %s was deleted; creating another one.", cluster_id)
        return False

    return next(filter(is_active, _submissions(client, cluster, owner)))


def delete_created(client: Client, cluster: Mapping[str, Any], owner: Mapping[str, Any]) -> str:
    """Delete the cluster whose creation for ``owner`` was interrupted; return its id.

    The idempotency tokens find the cluster. When none was created, this creates one and deletes it.

    :raises ApiError: when the service refuses
    """

    def is_deleted(cluster_id: str) -> bool:
        try:
            client.delete_cluster(cluster_id)
        except (NotFoundError, StateConflictError):
            # A cluster of an earlier attempt.
            return False
        return True

    return next(filter(is_deleted, _submissions(client, cluster, owner)))


def _submissions(client: Client, cluster: Mapping[str, Any], owner: Mapping[str, Any]) -> Iterator[str]:
    return submissions(lambda token: client.create_cluster(cluster, token).Id, owner, "cluster")


def _is_active(client: Client, cluster_id: str) -> bool:
    try:
        return client.get_cluster(cluster_id).State == CLUSTER_ACTIVE
    except NotFoundError:
        return False
