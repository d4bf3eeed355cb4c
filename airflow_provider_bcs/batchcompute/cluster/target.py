"""What can be waited for of a cluster: that it has its machines, or that it is gone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.batchcompute.facts import GONE
from airflow_provider_bcs.exceptions import NotFoundError

if TYPE_CHECKING:
    from airflow_provider_bcs.batchcompute.client import Client

    from .response import Cluster


@dataclass(frozen=True)
class Departure:
    """A cluster that is waited for to go; None once it has."""

    cluster: Cluster | None

    @property
    def is_terminal(self) -> bool:
        """Whether it is gone."""
        return self.cluster is None

    @property
    def outcome(self) -> str | None:
        """``Gone``, None before that."""
        return GONE if self.cluster is None else None

    @property
    def progress(self) -> str:
        """One line on what is left of it."""
        return GONE if self.cluster is None else self.cluster.progress


@dataclass(frozen=True)
class ClusterTarget:
    """A cluster.

    :ivar gone: wait until it is gone; otherwise until each group has its machines
    """

    cluster_id: str
    gone: bool = False

    def read(self, client: Client) -> Cluster | Departure:
        """Return it as it is now."""
        if not self.gone:
            return client.get_cluster(self.cluster_id)
        try:
            return Departure(client.get_cluster(self.cluster_id))
        except NotFoundError:
            return Departure(None)

    def fields(self) -> dict[str, Any]:
        """Return it as plain values, to travel in a trigger."""
        return asdict(self)

    def __str__(self) -> str:
        return f"cluster {self.cluster_id}"
