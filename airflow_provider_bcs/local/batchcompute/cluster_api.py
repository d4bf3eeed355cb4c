"""Operations on clusters and their machines."""

from __future__ import annotations

from typing import Any

from airflow_provider_bcs.batchcompute.cluster_rules import validate_cluster, validate_cluster_change
from airflow_provider_bcs.batchcompute.facts import MACHINE_DELETING, MACHINE_PENDING, MACHINE_RUNNING, MACHINE_STARTING
from airflow_provider_bcs.local.account import ACCOUNT_ID
from airflow_provider_bcs.local.error_response import not_found
from airflow_provider_bcs.local.gateway import JsonRoute
from airflow_provider_bcs.local.request import Request
from airflow_provider_bcs.local.routes import Response, Route
from airflow_provider_bcs.local.store import Where, where

from .clusters import Cluster, Clusters
from .creation import create_once, idempotent_token, parse_object, refuse
from .listing import max_item_count, numeric_marker, page

#: Maximum length of OperationLogs in a response (assumption).
_LOG_LINES = 100
_ECHOED = ("Name", "Description", "ImageId", "InstanceType", "Bootstrap")
_ECHOED_OBJECTS = ("UserData", "EnvVars", "Configs", "InputMapping")


class ClusterApi:
    """Handlers of the operations on clusters."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters
        self._store = clusters.store

    def routes(self) -> list[JsonRoute]:
        cluster = "/clusters/{ClusterId}"
        machines = f"{cluster}/groups/{{GroupName}}/instances"
        machine = f"{machines}/{{InstanceId}}"
        return [
            Route("batchcompute.CreateCluster", "POST", "/clusters", self.create_cluster),
            Route("batchcompute.ListClusters", "GET", "/clusters", self.list_clusters),
            Route("batchcompute.GetCluster", "GET", cluster, self.get_cluster),
            Route("batchcompute.ModifyCluster", "PUT", cluster, self.modify_cluster),
            Route("batchcompute.DeleteCluster", "DELETE", cluster, self.delete_cluster),
            Route("batchcompute.ListClusterInstances", "GET", machines, self.list_cluster_instances),
            Route("batchcompute.GetClusterInstance", "GET", machine, self.get_cluster_instance),
            Route("batchcompute.DeleteClusterInstance", "DELETE", machine, self.delete_cluster_instance),
            Route("batchcompute.RecreateClusterInstance", "POST", f"{machine}/recreate", self.recreate_instance),
        ]

    def create_cluster(self, request: Request) -> Response:
        token, description = idempotent_token(request), parse_object(request.body)
        refuse(validate_cluster(description, templates=False))
        with self._store.transaction():
            cluster_id = create_once(
                self._store, "CreateCluster", token, description, lambda: self._clusters.add(description)
            )
        return Response(201, {"Id": cluster_id})

    def get_cluster(self, request: Request) -> Response:
        with self._store.transaction():
            return Response(200, self._cluster_item(self._cluster(request)))

    def list_clusters(self, request: Request) -> Response:
        count, first = max_item_count(request.query), numeric_marker(request.query)
        with self._store.transaction():
            self._clusters.settle()
            # Assumption: newest first, as in ListJobs.
            found = list(self._clusters.select(where(number__lt=first) if first else Where(), "number DESC", count + 1))
            items = [self._cluster_item(cluster) for cluster in found[:count]]
        return Response(200, page(items, str(found[count - 1].number) if 0 < count < len(found) else ""))

    def modify_cluster(self, request: Request) -> Response:
        with self._store.transaction():
            cluster = self._cluster(request)
            change = parse_object(request.body)
            refuse(validate_cluster_change(change, templates=False))
            self._clusters.modify(cluster, change)
        return Response(200)

    def delete_cluster(self, request: Request) -> Response:
        with self._store.transaction():
            self._clusters.delete(self._cluster(request))
        return Response(204)

    def list_cluster_instances(self, request: Request) -> Response:
        count, first = max_item_count(request.query), numeric_marker(request.query)
        with self._store.transaction():
            cluster, group = self._cluster(request), request.names["GroupName"]
            rows = self._clusters.machines(cluster, group, where(number__gt=first), count + 1)
        items = [_machine_item(row) for row in rows[:count]]
        return Response(200, page(items, str(rows[count - 1]["number"]) if 0 < count < len(rows) else ""))

    def get_cluster_instance(self, request: Request) -> Response:
        with self._store.transaction():
            return Response(200, _machine_item(self._machine(request)[1]))

    def delete_cluster_instance(self, request: Request) -> Response:
        with self._store.transaction():
            self._clusters.delete_machine(*self._machine(request))
        return Response(202)

    def recreate_instance(self, request: Request) -> Response:
        with self._store.transaction():
            self._clusters.recreate_machine(*self._machine(request))
        return Response(201)

    def _cluster(self, request: Request) -> Cluster:
        self._clusters.settle()
        return self._clusters.get(request.names["ClusterId"])

    def _machine(self, request: Request) -> tuple[Cluster, Any]:
        cluster = self._cluster(request)
        group, machine_id = request.names["GroupName"], request.names["InstanceId"]
        for row in self._clusters.machines(cluster, group, where(id=machine_id)):
            return cluster, row
        raise not_found()

    def _cluster_item(self, cluster: Cluster) -> dict[str, Any]:
        description, counts = cluster.description, self._clusters.counts(cluster)

        def machines(*states: str) -> int:
            return sum(count for (_, state), count in counts.items() if state in states)

        return {
            "Id": cluster.id,
            **{name: description.get(name) or "" for name in _ECHOED},
            **{name: description.get(name) or {} for name in _ECHOED_OBJECTS},
            # Clients access Notification.Topic without checking that it exists.
            "Notification": {"Topic": {}, **(description.get("Notification") or {})},
            "OwnerId": ACCOUNT_ID,
            "State": cluster.state,
            "CreationTime": cluster.created,
            "ErrorCode": "",
            "SecurityGroup": "",
            "Groups": {
                name: {
                    "ResourceType": "OnDemand",
                    **{field: value for field, value in group.items() if value not in (None, "")},
                    # Assumption: ActualVMCount counts only Running machines.
                    "ActualVMCount": counts.get((name, MACHINE_RUNNING), 0),
                }
                for name, group in description["Groups"].items()
            },
            "Metrics": {
                "RunningCount": machines(MACHINE_RUNNING),
                "StartingCount": machines(MACHINE_PENDING, MACHINE_STARTING),
                "StoppingCount": machines(MACHINE_DELETING),
                "StoppedCount": 0,
            },
            "OperationLogs": self._clusters.logs(cluster, _LOG_LINES),
        }


def _machine_item(row: Any) -> dict[str, Any]:
    return {
        "Id": row["id"],
        "State": row["state"],
        "Hint": "",
        # All machines of a cluster are this machine.
        "IpAddress": "127.0.0.1",
        "HostName": row["id"],
        "EcsInstanceId": row["id"],
        "CreationTime": row["created"],
        "ErrorCode": 0,
        "ErrorMessage": "",
        "InstancePassword": "",
    }
