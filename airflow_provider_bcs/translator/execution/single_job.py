"""A whole job file as one BatchCompute job that Airflow follows task by task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from airflow_provider_bcs.description.source import CheckedJob
from airflow_provider_bcs.description.values import is_template
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator

from .job_setup_teardown import CLASSES, JobSetupTeardown, set_edges

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

    from airflow_provider_bcs.description.source import JobSource
    from airflow_provider_bcs.translator.graph_arguments import GraphArguments
    from airflow_provider_bcs.translator.plan import Plan


@dataclass(frozen=True, kw_only=True)
class SingleJob:
    """Submit all tasks as one BatchCompute job; the service keeps their order, and Airflow follows each task.

    A task ``submit`` submits the job, a ``BatchComputeTaskOperator`` follows each of its tasks, and a teardown task
    ``stop`` stops the job if it still runs. ::

        job_to_dag("primes.json", execution=SingleJob(), task_args={"submit": {"retries": 5}})

    An argument in ``operator_args`` goes to those of the three operators that have it.

    :ivar cluster: description of a cluster of the graph's own, as in :class:`~.job_per_task.JobPerTask`
    :ivar start_from_trigger: follow the tasks in the triggerer alone, without a worker; nothing then reads what the
        instances have written. It needs Airflow 3.3
    """

    cluster: JobSource | None = None
    start_from_trigger: bool = False
    #: Tags of a DAG that runs so, unless the author gives others.
    tags: ClassVar[tuple[str, ...]] = ("batchcompute",)

    def operators(self, plan: Plan, graph: GraphArguments) -> Mapping[str, BaseOperator]:
        """Make the operators of a plan.

        :raises ValueError: when ``assets`` and ``start_from_trigger`` are given
        """
        if self.cluster is None:
            return self._follow(plan, graph)
        from .cluster_setup_teardown import ClusterSetupTeardown

        classes = (*CLASSES, BatchComputeTaskOperator)
        around = ClusterSetupTeardown(self.cluster, plan, graph, others=classes)
        made = self._follow(around.moved(plan), graph, others=around.classes)
        *_, submit, stop = made.values()
        around.set_edges([submit], [stop])
        return {**made, **around.operators}

    def _follow(
        self, plan: Plan, graph: GraphArguments, others: tuple[type[BaseOperator], ...] = ()
    ) -> dict[str, BaseOperator]:
        others = (*others, *CLASSES, BatchComputeTaskOperator)
        job = JobSetupTeardown(CheckedJob(plan.job, source=plan.source), graph, plan.nodes, others=others)
        following: dict[str, BaseOperator] = {
            name: graph.make(
                BatchComputeTaskOperator,
                name,
                others=others,
                # Not given is not the same as False: default_args may hold True.
                defaults={"start_from_trigger": True} if self.start_from_trigger else {},
                task=task if is_template(task) else CheckedJob(task),
                task_name=name,
                submit_task_id=job.submit.task_id,
                job_id=None,
            )
            for name, task in plan.job["DAG"]["Tasks"].items()
        }
        if graph.assets and any(getattr(task, "start_from_trigger", False) for task in following.values()):
            raise ValueError(
                "assets: found True with start_from_trigger; expected one of them. Airflow writes no event for a task"
                " that no worker ends."
            )
        set_edges(job.submit, job.stop, [following[name] for name in plan.first], list(following.values()))
        return {**following, **job.operators}
