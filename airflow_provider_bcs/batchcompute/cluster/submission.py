"""Make a cluster once, however often it is asked for; the idea is that of :mod:`.submission`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.batchcompute.facts import CLUSTER_ACTIVE
from airflow_provider_bcs.batchcompute.submission import submissions
from airflow_provider_bcs.exceptions import (
    NotFoundError,
    StateConflictError,
)
from airflow_provider_bcs.waiting.submission import too_many_submissions

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
    """Make a cluster for ``owner``, or find the one again that was made for it; return its id.

    One that was deleted since is made anew.

    :param on_created: called with the cluster's id as soon as it is known, before anything else can go wrong
    :raises ApiError: when the service refuses
    """
    for cluster_id in _clusters(client, cluster, owner):
        on_created(cluster_id)
        if _is_active(client, cluster_id):
            return cluster_id
        log.info("Cluster %s was deleted; another one is made.", cluster_id)
    raise too_many_submissions(owner)


def delete_created(client: Client, cluster: Mapping[str, Any], owner: Mapping[str, Any]) -> str:
    """Delete the cluster that was being made for ``owner`` when that was broken off; return its id.

    The tokens give the one that was made; if there was none, one is.

    :raises ApiError: when the service refuses
    """
    for cluster_id in _clusters(client, cluster, owner):
        try:
            client.delete_cluster(cluster_id)
        except (NotFoundError, StateConflictError):
            # That of a try before.
            continue
        return cluster_id
    raise too_many_submissions(owner)


def _clusters(client: Client, cluster: Mapping[str, Any], owner: Mapping[str, Any]) -> Iterator[str]:
    text = "The cluster description is not that of the try before, whose cluster is left alone."
    return submissions(partial(client.create_cluster, cluster), owner, text)


def _is_active(client: Client, cluster_id: str) -> bool:
    try:
        return client.get_cluster(cluster_id).State == CLUSTER_ACTIVE
    except NotFoundError:
        return False
