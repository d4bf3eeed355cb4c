"""Targets of a wait for a cluster: all its machines, or its deletion."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.batchcompute.facts import GONE
from airflow_provider_bcs.exceptions import NotFoundError

if TYPE_CHECKING:
    from airflow_provider_bcs.batchcompute.client import Client

    from .response import Cluster


@dataclass(frozen=True)
class ClusterDeletion:
    """Progress of a deletion.

    :ivar cluster: the cluster; None once the service does not find it
    """

    cluster: Cluster | None

    @property
    def is_terminal(self) -> bool:
        """True once the cluster is deleted."""
        return self.cluster is None

    @property
    def outcome(self) -> str | None:
        """``Gone``; None before that."""
        return GONE if self.cluster is None else None

    @property
    def has_begun(self) -> bool:
        """True: a cluster waits in no queue."""
        return True

    @property
    def is_unsuccessful(self) -> bool:
        """False: a deletion does not fail."""
        return False

    @property
    def progress(self) -> str:
        """One line with the state and the machines that are left."""
        return GONE if self.cluster is None else self.cluster.progress


@dataclass(frozen=True)
class ClusterTarget:
    """Cluster to wait for.

    :ivar gone: True to wait for its deletion; False to wait until each group has its machines
    """

    cluster_id: str
    gone: bool = False

    def read(self, client: Client) -> Cluster | ClusterDeletion:
        """Return the present state."""
        if not self.gone:
            return client.get_cluster(self.cluster_id)
        try:
            return ClusterDeletion(client.get_cluster(self.cluster_id))
        except NotFoundError:
            return ClusterDeletion(None)

    def fields(self) -> dict[str, Any]:
        """Return the target as plain values, so that Airflow can serialize a trigger."""
        return asdict(self)

    def __str__(self) -> str:
        return f"cluster {self.cluster_id}"
