"""The operations on clusters and their machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_bcs.description.source import JobSource, read_job
from airflow_provider_bcs.exceptions import StateConflictError
from airflow_provider_bcs.http.client import path_segment

from .facts import MAX_PAGE_SIZE
from .resources import Cluster, ClusterInstance
from .response import Created
from .roa_client import RoaClient


class ClusterOperations(RoaClient):
    """Wherever a cluster or a machine is asked for by its id, an object with ``Id`` will do."""

    def create_cluster(self, cluster: JobSource, token: str = "") -> Created:
        """Make a cluster; its id is the ``Id`` of what is returned.

        :param cluster: a dict, JSON text, the path of a file, a ``ClusterDescription`` or an object with ``detail()``
        :param token: up to 64 letters, digits and underscores; the same token with the same description gives the same
            cluster again instead of a second one
        """
        return self._create(Created, "/clusters", read_job(cluster), token)

    def get_cluster(self, cluster: Any) -> Cluster:
        """Return state, groups and machine counts of a cluster."""
        return self._get(Cluster, _cluster_path(cluster))

    def list_clusters(self, *, page_size: int = MAX_PAGE_SIZE) -> Iterator[Cluster]:
        """Iterate over all clusters."""
        return self._list(Cluster, "/clusters", {}, page_size)

    def delete_cluster(self, cluster: Any) -> None:
        """Release all machines of a cluster, then the cluster; this only begins with it."""
        self._delete(_cluster_path(cluster), StateConflictError)

    def modify_cluster(self, cluster: Any, change: JobSource) -> None:
        """Change an Active cluster; what is not named keeps its value.

        :param change: any of ``Groups.{group}.{DesiredVMCount, InstanceType, SpotStrategy, SpotPriceLimit}``,
            ``UserData``, ``EnvVars``, ``ImageId``, ``Configs.Mounts`` and ``InputMapping``
        """
        self._session.send("PUT", _cluster_path(cluster), read_job(change), repeatable=True)

    def change_cluster_desired_vm_count(self, cluster: Any, /, **counts: int) -> None:
        """Set how many machines groups are to have, e.g. ``group1=3``."""
        groups = {name: {"DesiredVMCount": count} for name, count in counts.items()}
        self.modify_cluster(cluster, {"Groups": groups})

    def change_cluster_instance_type(self, cluster: Any, group_name: str, instance_type: str) -> None:
        """Set the instance type of the machines that a group gets from now on."""
        self.modify_cluster(cluster, {"Groups": {group_name: {"InstanceType": instance_type}}})

    def change_cluster_spot_config(
        self, cluster: Any, group_name: str, strategy: str = "", price_limit: float = 0.0
    ) -> None:
        """Set the price strategy of a group; what is empty, or 0, keeps its value.

        :param strategy: ``SpotWithPriceLimit`` or ``SpotAsPriceGo``
        :param price_limit: the highest price per machine and hour
        """
        given = {"SpotStrategy": strategy, "SpotPriceLimit": price_limit}
        group = {name: value for name, value in given.items() if value}
        self.modify_cluster(cluster, {"Groups": {group_name: group}})

    def change_cluster_user_data(self, cluster: Any, data: Mapping[str, Any]) -> None:
        """Replace what machines can read as their user data."""
        self.modify_cluster(cluster, {"UserData": dict(data)})

    def change_cluster_env_vars(self, cluster: Any, data: Mapping[str, str]) -> None:
        """Replace the environment variables of the cluster."""
        self.modify_cluster(cluster, {"EnvVars": dict(data)})

    def change_cluster_input_mapping(self, cluster: Any, data: Mapping[str, str]) -> None:
        """Replace the cluster's mapping of OSS paths to local ones; ``Configs.Mounts`` is its successor."""
        self.modify_cluster(cluster, {"InputMapping": dict(data)})

    def change_cluster_mounts(self, cluster: Any, mounts: JobSource) -> None:
        """Replace the cluster's mounts; machines that are there already get them when they are recreated."""
        self.modify_cluster(cluster, {"Configs": {"Mounts": read_job(mounts)}})

    # Machines

    def get_cluster_instance(self, cluster: Any, group_name: str, instance: Any) -> ClusterInstance:
        """Return the state of a machine."""
        return self._get(ClusterInstance, _instance_path(cluster, group_name, instance))

    def list_cluster_instances(
        self, cluster: Any, group_name: str, *, page_size: int = MAX_PAGE_SIZE
    ) -> Iterator[ClusterInstance]:
        """Iterate over the machines of a group."""
        return self._list(ClusterInstance, _instances_path(cluster, group_name), {}, page_size)

    def recreate_cluster_instance(self, cluster: Any, group_name: str, instance: Any) -> None:
        """Replace a machine by a new one, which gets an id of its own."""
        path = f"{_instance_path(cluster, group_name, instance)}/recreate"
        self._send_until("POST", path, StateConflictError)

    def delete_cluster_instance(self, cluster: Any, group_name: str, instance: Any) -> None:
        """Release a machine; its group is to have one less from now on."""
        self._delete(_instance_path(cluster, group_name, instance), StateConflictError)


def _cluster_path(cluster: Any) -> str:
    return f"/clusters/{path_segment(getattr(cluster, 'Id', cluster), 'cluster id')}"


def _instances_path(cluster: Any, group_name: str) -> str:
    return f"{_cluster_path(cluster)}/groups/{path_segment(group_name, 'group name')}/instances"


def _instance_path(cluster: Any, group_name: str, instance: Any) -> str:
    segment = path_segment(getattr(instance, "Id", instance), "machine id")
    return f"{_instances_path(cluster, group_name)}/{segment}"
