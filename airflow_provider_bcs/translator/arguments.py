"""What an author can say about the operators of a translated graph."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from airflow_provider_bcs.description.source import JobSource
from airflow_provider_bcs.description.suggestion import did_you_mean

#: How a graph runs: each task as a BatchCompute job, all of them as one, or each as a PAI-DLC job.
RunAs: TypeAlias = Literal["jobs", "job", "dlc"]
RUN_AS: tuple[RunAs, ...] = get_args(RunAs)
#: The tasks around those of a graph that runs as one job; the other ways have none.
ENDS = ("submit", "stop")
#: Arguments that only the operators of these ways have; for the others they are left out, so that all it takes to run a
#: graph another way is ``run_as``.
_ONLY_FOR: tuple[tuple[tuple[RunAs, ...], tuple[str, ...]], ...] = (
    (("job",), ("start_from_trigger", "timeout", "soft_fail")),
    (("jobs", "job"), ("log_instances", "log_lines", "retry_strategy")),
    (("dlc",), ("images", "instance_types", "ignore", "image", "instance_type", "dlc_job", "max_log_lines")),
)


@dataclass(frozen=True)
class Arguments:
    """The arguments of the operators.

    :ivar run_as: how the graph runs
    :ivar bcs_conn_id: the connection of all; None leaves it to ``default_args``, then to the operators' default
    :ivar operator_args: of all operators
    :ivar task_args: of single operators, by task name
    :ivar assets: whether what a task writes becomes its outlets
    :ivar cluster: the description of a cluster that is made for the graph; None for none
    :ivar package: the program of the tasks that name no package, a directory, file or glob pattern; None for none
    :ivar package_uri: the folder it is uploaded to
    :ivar images: for PAI-DLC: BatchCompute image -> container image
    :ivar instance_types: for PAI-DLC: BatchCompute instance type -> instance type or resources there
    :ivar ignore: for PAI-DLC: fields that are left out
    """

    run_as: RunAs = "jobs"
    bcs_conn_id: str | None = None
    operator_args: Mapping[str, Any] = field(default_factory=dict)
    task_args: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    assets: bool = False
    cluster: JobSource | None = None
    package: str | os.PathLike[str] | None = None
    package_uri: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    instance_types: Mapping[str, str | Mapping[str, Any]] = field(default_factory=dict)
    ignore: Collection[str] = ()

    def __post_init__(self) -> None:
        if self.run_as not in RUN_AS:
            raise ValueError(f"run_as is one of {', '.join(map(repr, RUN_AS))}; found {self.run_as!r}.")

    def check(self, job_name: str, task_names: Collection[str]) -> None:
        """Find out whether ``task_args`` is for these tasks.

        :raises ValueError: when it names another
        """
        for name in self.task_args:
            if name not in task_names and name not in ENDS:
                raise ValueError(
                    f"task_args names {name!r}, which is no task of job {job_name}{did_you_mean(name, task_names)}"
                )

    def of(self, task_name: str) -> dict[str, Any]:
        """Return the arguments of one operator."""
        return {**self.of_all(), **self._understood(self.task_args.get(task_name, {}))}

    def of_all(self) -> dict[str, Any]:
        """Return the arguments that all operators have."""
        # Not given is not the same as the default: default_args may hold another connection.
        named = {"bcs_conn_id": self.bcs_conn_id, "package": self.package, "package_uri": self.package_uri}
        given = {name: value for name, value in named.items() if value is not None}
        return self._understood({**given, **self.operator_args})

    def _understood(self, given: Mapping[str, Any]) -> dict[str, Any]:
        unknown = {name for ways, names in _ONLY_FOR if self.run_as not in ways for name in names}
        return {name: value for name, value in given.items() if name not in unknown}
