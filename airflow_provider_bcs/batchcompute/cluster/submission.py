"""Create a cluster exactly once; see :mod:`airflow_provider_bcs.batchcompute.submission`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.batchcompute.facts import CLUSTER_ACTIVE
from airflow_provider_bcs.exceptions import (
    NotFoundError,
    StateConflictError,
    TokenMismatchError,
    TooManySubmissionsError,
)
from airflow_provider_bcs.waiting.submission import MAX_SUBMISSIONS, submission_token

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
    for cluster_id in _submissions(client, cluster, owner):
        on_created(cluster_id)
        if _is_active(client, cluster_id):
            return cluster_id
        log.info("Cluster %s was deleted; creating another one.", cluster_id)
    raise AssertionError("unreachable")


def delete_created(client: Client, cluster: Mapping[str, Any], owner: Mapping[str, Any]) -> str:
    """Delete the cluster whose creation for ``owner`` was interrupted; return its id.

    The idempotency tokens find the cluster. When none was created, this creates one and deletes it.

    :raises ApiError: when the service refuses
    """
    for cluster_id in _submissions(client, cluster, owner):
        try:
            client.delete_cluster(cluster_id)
        except (NotFoundError, StateConflictError):
            # A cluster of an earlier attempt.
            continue
        return cluster_id
    raise AssertionError("unreachable")


def _submissions(client: Client, cluster: Mapping[str, Any], owner: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ids of an owner's clusters, the oldest first; create the next one only when the caller asks for it."""
    for ended in range(MAX_SUBMISSIONS):
        try:
            yield client.create_cluster(cluster, submission_token(owner, ended)).Id
        except TokenMismatchError:
            log.warning(
                "The cluster description differs from that of the previous attempt; its cluster stays as it is."
            )
    raise TooManySubmissionsError(f"{MAX_SUBMISSIONS} clusters for {dict(owner)}")


def _is_active(client: Client, cluster_id: str) -> bool:
    try:
        return client.get_cluster(cluster_id).State == CLUSTER_ACTIVE
    except NotFoundError:
        return False
