"""The tasks that submit one job before others follow it, and stop it after them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.exceptions import UnknownArgumentError
from airflow_provider_bcs.operators.batchcompute_graph import BatchComputeSubmitGraphOperator
from airflow_provider_bcs.operators.batchcompute_job import BatchComputeStopJobOperator
from airflow_provider_bcs.operators.batchcompute_task import job_id_of
from airflow_provider_bcs.translator.plan import free_task_id

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

    from airflow_provider_bcs.translator.graph_arguments import GraphArguments

#: Classes of the two operators.
CLASSES = (BatchComputeSubmitGraphOperator, BatchComputeStopJobOperator)
#: A failure of either may leave a job running that no task follows; a further try finds the same job.
_RETRIED: Mapping[str, Any] = {"retries": 3, "retry_delay": timedelta(seconds=30)}


class JobSetupTeardown:
    """The two tasks around those that follow a job, made in the current DAG and TaskGroup.

    The teardown runs however the others end, also when the whole DAG run is marked failed. It stops the job if it still
    runs.

    :param job: the job
    :param graph: arguments of the two operators
    :param taken: names of the tasks between the two
    :param others: classes of the graph's other operators; ``operator_args`` may be for them
    :ivar submit: submits the job
    :ivar stop: stops the job
    :ivar operators: the two by their names
    """

    def __init__(
        self,
        job: Mapping[str, Any],
        graph: GraphArguments,
        taken: Collection[str] = (),
        *,
        others: Collection[type[BaseOperator]] = CLASSES,
    ) -> None:
        name, last = free_task_id("submit", taken), free_task_id("stop", taken)
        if "wait_for_completion" in graph.of(BatchComputeSubmitGraphOperator, name, others=others):
            raise UnknownArgumentError(
                f"{graph.source('wait_for_completion', name)}: found 'wait_for_completion'; the tasks of the graph"
                " follow the job to its end. Expected no such argument, or execution=JobPerTask()."
            )
        self.submit = graph.make(BatchComputeSubmitGraphOperator, name, others=others, defaults=_RETRIED, job=job)
        self.stop = graph.make(
            BatchComputeStopJobOperator,
            last,
            others=others,
            defaults=_RETRIED,
            job_id=job_id_of(self.submit.task_id),
            delete_finished=job.get("AutoRelease") or False,
        ).as_teardown()
        self.operators: Mapping[str, BaseOperator] = {name: self.submit, last: self.stop}


def set_edges(
    submit: BaseOperator, stop: BaseOperator, first: Sequence[BaseOperator], following: Sequence[BaseOperator]
) -> None:
    """Set the edges to the tasks that follow the job; those that exist already stay as they are.

    :param submit: the task that submits the job
    :param stop: the task that stops it
    :param first: the tasks that wait for no other one that follows the job
    :param following: all tasks that follow the job
    """
    submit.set_downstream([t for t in first if t.task_id not in submit.downstream_task_ids])
    stop.set_upstream([t for t in following if t.task_id not in stop.upstream_task_ids])
