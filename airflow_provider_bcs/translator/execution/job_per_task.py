"""Each task of a job file as a BatchCompute job of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

    from airflow_provider_bcs.description.source import JobSource
    from airflow_provider_bcs.translator.graph_arguments import GraphArguments
    from airflow_provider_bcs.translator.plan import Plan


@dataclass(frozen=True, kw_only=True)
class JobPerTask:
    """Run each task as a BatchCompute job of its own, with a ``BatchComputeSubmitJobOperator``.

    Airflow keeps the order of the tasks, and retries, clears and kills each by itself. This is the default::

        job_to_dag("primes.json", execution=JobPerTask(cluster="cluster.json"))

    :ivar cluster: description of a BatchCompute cluster: a dict, JSON text, the path of a file, or a model. A setup
        task ``create_cluster`` makes it, the tasks run on it instead of an AutoCluster each, and a teardown task
        ``delete_cluster`` deletes it however they end. None for no cluster
    """

    cluster: JobSource | None = None
    #: Tags of a DAG that runs so, unless the author gives others.
    tags: ClassVar[tuple[str, ...]] = ("batchcompute",)

    def operators(self, plan: Plan, graph: GraphArguments) -> Mapping[str, BaseOperator]:
        """Make the operators of a plan."""
        if self.cluster is None:
            return _submit(plan, graph)
        from .cluster_setup_teardown import ClusterSetupTeardown

        around = ClusterSetupTeardown(self.cluster, plan, graph, others=(BatchComputeSubmitJobOperator,))
        made = _submit(around.moved(plan), graph, others=around.classes)
        around.set_edges([made[name] for name in plan.first], [made[name] for name in plan.last])
        return {**made, **around.operators}


def _submit(
    plan: Plan, graph: GraphArguments, others: tuple[type[BaseOperator], ...] = ()
) -> Mapping[str, BaseOperator]:
    return {
        name: graph.make(BatchComputeSubmitJobOperator, name, others=others, job=job)
        for name, job in plan.nodes.items()
    }
