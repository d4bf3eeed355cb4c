"""The protocol of an execution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

    from airflow_provider_bcs.translator.graph_arguments import GraphArguments
    from airflow_provider_bcs.translator.plan import Plan


@runtime_checkable
class Execution(Protocol):
    """A way to run the tasks of a job: a plan goes in, operators come out.

    Any object with this method is an execution, also one of your own::

        @dataclass(frozen=True)
        class OnThisMachine:
            def operators(self, plan, graph):
                return {
                    name: graph.make(BashOperator, name, bash_command=command(job, name))
                    for name, job in plan.nodes.items()
                }
    """

    def operators(self, plan: Plan, graph: GraphArguments) -> Mapping[str, BaseOperator]:
        """Make the operators of a plan, in the current DAG and TaskGroup.

        The graph sets the edges of the plan between them afterwards, and the outlets. Edges to operators that the plan
        does not know, such as a setup, are the execution's own.

        :param plan: the tasks, each as a job of its own, and the edges between them
        :param graph: what the author gives to the operators; ``graph.make`` hands it on and checks it
        :return: task name -> its operator, for each task of the plan; then other operators by their own names
        :raises InvalidJobError: when the job has something that this way cannot run
        """
