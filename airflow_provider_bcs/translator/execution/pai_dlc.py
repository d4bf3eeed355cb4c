"""Each task of a job file as a PAI-DLC job."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_bcs.description.ignore import warnings_not_ignored
from airflow_provider_bcs.description.violation import JobWarning, Violation
from airflow_provider_bcs.dlc.conversion import Resources, convert
from airflow_provider_bcs.exceptions import InvalidJobError
from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

    from airflow_provider_bcs.translator.graph_arguments import GraphArguments
    from airflow_provider_bcs.translator.plan import Plan


@dataclass(frozen=True, kw_only=True)
class PaiDlc:
    """Run each task as a PAI-DLC job whose pods are the task's instances, with a ``BatchComputeTaskOnDlcOperator``.

    docs/run-on-dlc.md lists the fate of each field. ::

        job_to_dag(
            "primes.json",
            execution=PaiDlc(images={"img-ubuntu": "ubuntu:22.04"}, instance_types={"bcs.a2.large": "ecs.g6.large"}),
            task_args={"count": {"image": "python:3.11"}},
        )

    Each of these is an argument of the operator too: ``task_args`` may give another value to a single task.

    :ivar images: BatchCompute image -> container image; values may be templates
    :ivar instance_types: BatchCompute instance type -> instance type of PAI-DLC, or resources of a quota, e.g.
        ``{"bcs.a2.large": {"CPU": "2", "Memory": "8Gi"}}``
    :ivar ignore: fields that the checks pass over and the conversion leaves out, e.g. ``["AutoCluster.UserData"]``; the
        same as ``ignore`` of the graph
    :ivar image: container image of all tasks, whatever the job says
    :ivar instance_type: instance type or resources of all tasks, whatever the job says
    :ivar dlc_job: fields of CreateJob, merged over each job, e.g. ``{"ResourceId": "quota1"}``
    """

    images: Mapping[str, str] = field(default_factory=dict)
    instance_types: Mapping[str, Resources] = field(default_factory=dict)
    ignore: Collection[str] = ()
    image: str | None = None
    instance_type: Resources | None = None
    dlc_job: Mapping[str, Any] | None = None
    #: Tags of a DAG that runs so, unless the author gives others.
    tags: ClassVar[tuple[str, ...]] = ("pai-dlc",)

    def operators(self, plan: Plan, graph: GraphArguments) -> Mapping[str, BaseOperator]:
        """Make the operators of a plan.

        :raises InvalidJobError: with everything in the whole job that cannot be carried over
        """
        # Not given is not the same as empty: default_args may hold a value.
        own = {each.name: value for each in fields(self) if (value := getattr(self, each.name))}
        made = {
            name: graph.make(BatchComputeTaskOnDlcOperator, name, defaults=own, job=job)
            for name, job in plan.nodes.items()
        }
        violations: dict[Violation, None] = {}
        doubts: dict[str, list[str]] = {}
        for name, job in plan.nodes.items():
            options = made[name].options
            # What the checks of the whole job have passed over may be nothing that can be converted.
            if options.ignore and (found := made[name].problems(job.content, templates=True)):
                violations |= dict.fromkeys(found)
                continue
            converted = convert(job, options, templates=True)
            violations |= dict.fromkeys(converted.violations)
            for text in warnings_not_ignored(converted.warnings, options.ignore):
                doubts.setdefault(text, []).append(name)
        if violations:
            raise InvalidJobError(violations, plan.source or f"To run as PAI-DLC jobs, {plan.name}")
        for text, names in doubts.items():
            warnings.warn(f"{text} Found in the PAI-DLC job of {', '.join(names)}.", JobWarning, stacklevel=2)
        return made
