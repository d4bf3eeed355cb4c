"""A graph that runs as one BatchCompute job: a task submits it, others follow its tasks, one cleans up."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.operators.batchcompute_graph import BatchComputeSubmitGraphOperator
from airflow_provider_bcs.operators.batchcompute_job import BatchComputeStopJobOperator
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator, job_id_of
from airflow_provider_bcs.translator.arguments import ENDS
from airflow_provider_bcs.translator.plan import free_task_id

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

    from airflow_provider_bcs.translator.arguments import Arguments
    from airflow_provider_bcs.translator.plan import Plan

#: Arguments of those that follow only.
_OF_FOLLOWING = ("start_from_trigger", "timeout", "soft_fail")
#: Arguments that the tasks around those that follow do not have.
_OF_WAITING = (*_OF_FOLLOWING, "deferrable", "poll_interval", "log_instances", "log_lines")
#: Arguments of the operator that submits, and of no other one.
_OF_SUBMITTING = ("package", "package_uri", "retry_strategy")


def as_job(plan: Plan, arguments: Arguments) -> dict[str, BaseOperator]:
    """Make the operators of a plan, and the edges that it does not know.

    :return: task name -> the operator that follows it, and the two tasks around them under their own names
    :raises ValueError: when a task is to have what one job cannot keep
    """
    if "wait_for_completion" in arguments.of_all():
        raise ValueError(
            "operator_args has wait_for_completion, but with run_as='job' each task is followed to its end;"
            " right is run_as='jobs', or to leave it out."
        )
    if problems := list(_not_of_one_task(plan, arguments)):
        raise ValueError("\n".join(problems))
    ends = Ends(plan.job, arguments.of_all(), plan.nodes, arguments.task_args)
    followers: dict[str, BaseOperator] = {
        name: BatchComputeTaskOperator(
            task_id=name, task=task, submit_task_id=ends.submit.task_id, **_without(arguments.of(name), _OF_SUBMITTING)
        )
        for name, task in plan.job["DAG"]["Tasks"].items()
    }
    if arguments.assets and any(getattr(task, "start_from_trigger", False) for task in followers.values()):
        raise ValueError(
            "assets and start_from_trigger do not go together: Airflow writes no event for a task that no worker ends."
        )
    behind = {successor for successors in plan.edges.values() for successor in successors}
    ends.tie([task for name, task in followers.items() if name not in behind], list(followers.values()))
    return {**followers, str(ends.submit.label): ends.submit, str(ends.stop.label): ends.stop}


def _not_of_one_task(plan: Plan, arguments: Arguments) -> Iterator[str]:
    of_all = arguments.of_all()
    for task in (name for name in plan.nodes if name in arguments.task_args):
        of_task = arguments.of(task)
        for name in _OF_SUBMITTING:
            if (found := of_task.get(name)) != (of_job := of_all.get(name)):
                other = f", a PackagePath in DAG.Tasks.{task}.Parameters.Command" if name.startswith("package") else ""
                yield (
                    f"task_args has {name}={found!r} for task {task}, but with run_as='job' one task submits the job of"
                    f" all of them, with {name}={of_job!r}; right is {name} of the whole graph{other}"
                    " or run_as='jobs'."
                )


class Ends:
    """The two tasks around those that follow a job, made in the current DAG and TaskGroup.

    The last one is a teardown: it runs whatever became of the others, also when the whole DAG run is marked failed, and
    stops the job if nobody follows it any more.

    :ivar submit: submits the job
    :ivar stop: stops it if it still runs
    """

    def __init__(
        self,
        job: Mapping[str, Any],
        operator_args: Mapping[str, Any],
        taken: Collection[str] = (),
        own_args: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        submit, stop = (free_task_id(name, taken) for name in ENDS)
        own = own_args or {}
        # One failure of these two may leave a job running that nobody follows; trying again finds the same job.
        operator_args = {"retries": 3, "retry_delay": timedelta(seconds=30), **operator_args}
        self.submit = BatchComputeSubmitGraphOperator(
            task_id=submit,
            job=job,
            **_without({**operator_args, **own.get(submit, {})}, _OF_WAITING),
        )
        self.stop = BatchComputeStopJobOperator(
            task_id=stop,
            job_id=job_id_of(self.submit.task_id),
            delete_finished=job.get("AutoRelease") or False,
            **_without({**operator_args, **own.get(stop, {})}, (*_OF_WAITING, *_OF_SUBMITTING)),
        ).as_teardown()

    def tie(self, first: Sequence[BaseOperator], followers: Sequence[BaseOperator]) -> None:
        """Set the edges to those that follow the job; those that exist already are left as they are."""
        self.submit.set_downstream([t for t in first if t.task_id not in self.submit.downstream_task_ids])
        self.stop.set_upstream([t for t in followers if t.task_id not in self.stop.upstream_task_ids])


def _without(arguments: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in names}
