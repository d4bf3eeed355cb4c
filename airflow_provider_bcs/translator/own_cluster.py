"""A graph that runs on one cluster of its own: a setup makes it, a teardown deletes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from inspect import signature
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_bcs.description.source import CheckedJob
from airflow_provider_bcs.operators.batchcompute_cluster import (
    BatchComputeCreateClusterOperator,
    BatchComputeDeleteClusterOperator,
    cluster_id_of,
)
from airflow_provider_bcs.translator.plan import free_task_id

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import DAG

    from airflow_provider_bcs.description.source import JobSource
    from airflow_provider_bcs.translator.arguments import Arguments
    from airflow_provider_bcs.translator.plan import Plan

#: What these two take of the arguments of all operators: what any operator has, but for what is the graph's own matter.
_TAKEN = {"bcs_conn_id", *signature(BaseOperator.__init__).parameters} - {"outlets", "trigger_rule"}
#: How often the two are tried again at least: a cluster whose worker died while it was being made is known to the next
#: try only, and what is not deleted goes on costing.
_RETRIES = 3


class OwnCluster:
    """The two tasks around a graph, made in the current DAG and TaskGroup.

    The setup does not wait for the cluster's machines, since jobs do that by themselves: so it is short, and there is
    little time in which it could be interrupted. The teardown runs whatever became of the tasks, also when the whole
    DAG run is marked failed. A clear of one task makes a new cluster for it, as Airflow does with setups.
    """

    def __init__(self, cluster: JobSource, plan: Plan, arguments: Arguments) -> None:
        given = {name: value for name, value in arguments.of_all().items() if name in _TAKEN}
        self._create = BatchComputeCreateClusterOperator(
            task_id=free_task_id("create_cluster", plan.nodes), cluster=cluster, wait_for_ready=False, **given
        )
        self._cluster_id = cluster_id_of(self._create.task_id)
        # Without on_failure_fail_dagrun: Airflow would then go by this task alone, and call a failed run good.
        self._delete = BatchComputeDeleteClusterOperator(
            task_id=free_task_id("delete_cluster", plan.nodes),
            cluster_id=self._cluster_id,
            stop_jobs=True,
            **given,
        ).as_teardown(setups=self._create)
        for task in (self._create, self._delete):
            task.retries = max(task.retries or 0, _RETRIES)
        dag: DAG = self._create.dag
        self._dag = dag
        self._outside = set(dag.task_dict)

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
                f"DAG.Tasks.{name} is a template; a task that runs on the cluster of its group has to be an object, so"
                " that its ClusterId can be set."
            )
        moved = {name: value for name, value in task.items() if name != "AutoCluster"}
        mounts = _mounts(task)
        # A task's own mounts override those of the cluster it runs on.
        return {**({"Mounts": mounts} if mounts else {}), **moved, "ClusterId": self._cluster_id}

    def tie(self) -> None:
        """Put the two tasks around everything that was made since."""
        made = {task_id: task for task_id, task in self._dag.task_dict.items() if task_id not in self._outside}
        self._create.set_downstream([task for task in made.values() if not task.upstream_task_ids & made.keys()])
        self._delete.set_upstream([task for task in made.values() if not task.downstream_task_ids & made.keys()])


def _mounts(task: Mapping[str, Any]) -> Any:
    cluster = task.get("AutoCluster")
    configs = cluster.get("Configs") if isinstance(cluster, Mapping) else None
    return configs.get("Mounts") if isinstance(configs, Mapping) else None
