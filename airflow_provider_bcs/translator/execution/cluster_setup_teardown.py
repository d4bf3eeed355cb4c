"""The tasks that make a cluster before a graph runs on it, and delete it after that."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.description.source import CheckedJob
from airflow_provider_bcs.operators.batchcompute_cluster import (
    BatchComputeCreateClusterOperator,
    BatchComputeDeleteClusterOperator,
    cluster_id_of,
)
from airflow_provider_bcs.translator.plan import free_task_id

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

    from airflow_provider_bcs.description.source import JobSource
    from airflow_provider_bcs.translator.graph_arguments import GraphArguments
    from airflow_provider_bcs.translator.plan import Plan

#: The least number of retries. Only a further try knows a cluster whose worker died while it was being made, and a
#: cluster that is not deleted goes on costing.
_RETRIES = 3
#: Arguments in ``operator_args`` that are for the graph's tasks alone: a setup and a teardown have rules of their own.
_OF_TASKS = ("outlets", "trigger_rule")


class ClusterSetupTeardown:
    """The two tasks around a graph, made in the current DAG and TaskGroup.

    The setup does not wait for the cluster's machines, since jobs do that by themselves. So it is short, and there is
    little time in which it could be interrupted. The teardown runs however the tasks end, also when the whole DAG run
    is marked failed. A clear of one task makes a new cluster for it, as Airflow does with setups.

    :param cluster: description of the cluster
    :param plan: the graph
    :param graph: arguments of the operators
    :param others: classes of the graph's other operators; ``operator_args`` may be for them
    :ivar operators: the two operators by their names
    """

    #: Classes of the two operators.
    classes = (BatchComputeCreateClusterOperator, BatchComputeDeleteClusterOperator)

    def __init__(
        self, cluster: JobSource, plan: Plan, graph: GraphArguments, *, others: Collection[type[BaseOperator]]
    ) -> None:
        shared = {name: value for name, value in graph.operator_args.items() if name not in _OF_TASKS}
        graph = replace(graph, operator_args=shared)
        others = (*self.classes, *others)
        first, last = (free_task_id(name, plan.nodes) for name in ("create_cluster", "delete_cluster"))
        self._create = graph.make(
            BatchComputeCreateClusterOperator,
            first,
            others=others,
            cluster=cluster,
            wait_for_ready=False,
        )
        self._cluster_id = cluster_id_of(self._create.task_id)
        # Without on_failure_fail_dagrun: with it Airflow takes the state of this task alone for that of the run.
        self._delete = graph.make(
            BatchComputeDeleteClusterOperator,
            last,
            others=others,
            cluster_id=self._cluster_id,
            stop_jobs=True,
        ).as_teardown(setups=self._create)
        for task in (self._create, self._delete):
            task.retries = max(task.retries or 0, _RETRIES)
        self.operators: dict[str, BaseOperator] = {first: self._create, last: self._delete}

    def moved(self, plan: Plan) -> Plan:
        """Return a plan whose tasks run on the cluster.

        :raises ValueError: when a task is a template as a whole
        """
        tasks = {name: self._moved(name, task) for name, task in plan.job["DAG"]["Tasks"].items()}
        nodes = {
            name: CheckedJob({**node, "DAG": {**node["DAG"], "Tasks": {name: tasks[name]}}})
            for name, node in plan.nodes.items()
        }
        return replace(plan, nodes=nodes, job={**plan.job, "DAG": {**plan.job["DAG"], "Tasks": tasks}})

    def _moved(self, name: str, task: Any) -> dict[str, Any]:
        if not isinstance(task, Mapping):
            raise ValueError(
                f"DAG.Tasks.{name}: found a template; expected an object, so that its ClusterId can be set to the"
                " cluster of its graph."
            )
        moved = {name: value for name, value in task.items() if name != "AutoCluster"}
        mounts = _mounts(task)
        # A task's own mounts override those of the cluster it runs on.
        return {**({"Mounts": mounts} if mounts else {}), **moved, "ClusterId": self._cluster_id}

    def set_edges(self, first: Sequence[BaseOperator], last: Sequence[BaseOperator]) -> None:
        """Set the edges to the tasks between the two.

        :param first: the tasks that wait for no other one
        :param last: the tasks that no other one waits for
        """
        self._create.set_downstream(list(first))
        self._delete.set_upstream(list(last))


def _mounts(task: Mapping[str, Any]) -> Any:
    cluster = task.get("AutoCluster")
    configs = cluster.get("Configs") if isinstance(cluster, Mapping) else None
    return configs.get("Mounts") if isinstance(configs, Mapping) else None
