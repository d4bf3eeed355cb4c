"""Make a cluster once, however often it is asked for; the idea is that of :mod:`.submission`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.openapi.errors import NotFoundError, TokenMismatchError
from airflow_provider_bcs.openapi.submission import MAX_SUBMISSIONS, TooManySubmissionsError, submission_token

from .resources import ACTIVE

if TYPE_CHECKING:
    from .client import Client

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
    :raises OpenApiError: when the service refuses
    """
    for ended in range(MAX_SUBMISSIONS):
        try:
            created = client.create_cluster(cluster, submission_token(owner, ended))
        except TokenMismatchError:
            log.warning("The cluster description is not that of the try before, whose cluster is left alone.")
            continue
        on_created(created.Id)
        if _is_active(client, created.Id):
            return created.Id
        log.info("Cluster %s was deleted; another one is made.", created.Id)
    raise TooManySubmissionsError(f"{MAX_SUBMISSIONS} clusters for {dict(owner)}")


def _is_active(client: Client, cluster_id: str) -> bool:
    try:
        return client.get_cluster(cluster_id).State == ACTIVE
    except NotFoundError:
        return False
