"""Arguments that a translated graph takes, whatever its execution."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_bcs.description.ignore import check_ignore
from airflow_provider_bcs.description.violation import did_you_mean
from airflow_provider_bcs.exceptions import UnknownArgumentError
from airflow_provider_bcs.short_errors import at_dag_line

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

Operator = TypeVar("Operator", bound="BaseOperator")
#: Kinds of parameters that can be given by name.
_BY_NAME = (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
#: Arguments of the graph that become arguments of its operators.
_NAMED = ("bcs_conn_id", "package", "package_uri", "require_outputs")


@dataclass(frozen=True, kw_only=True)
class GraphArguments:
    """Keyword arguments of ``job_to_dag`` and ``BatchComputeTaskGroup``, beside ``execution``.

    :ivar bcs_conn_id: connection of all tasks; None leaves it to ``default_args``, then to the operators' default
    :ivar operator_args: arguments of all operators, e.g. ``{"deferrable": True, "retries": 2}``
    :ivar task_args: arguments of single operators by task name, e.g. ``{"count": {"pool": "big"}}``
    :ivar assets: whether the OSS objects and folders of a task's OutputMapping become its ``outlets``, beside those
        that it has. An output that was not written gets no asset event, and a line in the task's log
    :ivar require_outputs: True: a task fails without a retry when its job succeeds without one of its outputs. None
        leaves it to ``default_args``, then to the operators' default, False
    :ivar instance_counts: whether the display name of a task with several instances says how many there are, such as
        ``count (3 instances)``; its task id stays ``count``
    :ivar package: directory, file or glob pattern, absolute or relative to the DAG file. It becomes the package of the
        tasks that name none: a task packs and uploads it when it runs, unless the same package is there already
    :ivar package_uri: folder that ``package`` is uploaded to, such as ``oss://bucket/packages/``; may be a template
    :ivar ignore: fields that the checks pass over, such as ``Timeout``, or ``DAG.Tasks.count.Timeout`` of one task
    """

    bcs_conn_id: str | None = None
    operator_args: Mapping[str, Any] = field(default_factory=dict)
    task_args: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    assets: bool = False
    instance_counts: bool = True
    package: str | os.PathLike[str] | None = None
    package_uri: str | None = None
    require_outputs: bool | None = None
    ignore: Collection[str] = ()

    @at_dag_line
    def __post_init__(self) -> None:
        given = {"operator_args": self.operator_args, "task_args": self.task_args}
        if isinstance(self.task_args, Mapping):
            given |= {f"task_args[{name!r}]": arguments for name, arguments in self.task_args.items()}
        for source, arguments in given.items():
            if not isinstance(arguments, Mapping):
                raise TypeError(f"{source}: found {arguments!r}; expected a dict of arguments.")
        check_ignore(self.ignore)

    def make(
        self,
        operator: type[Operator],
        name: str,
        *,
        others: Collection[type[BaseOperator]] = (),
        defaults: Mapping[str, Any] | None = None,
        **own: Any,
    ) -> Operator:
        """Make the operator of one task, in the current DAG and TaskGroup.

        :param operator: class of the operator
        :param name: name of the task, which becomes its task id
        :param others: classes of the execution's other operators; ``operator_args`` may be for them
        :param defaults: arguments that ``operator_args`` and ``task_args`` override
        :param own: arguments that the execution sets
        :raises UnknownArgumentError: when an argument is given that no operator has, or that the execution sets
        """
        given = self.of(operator, name, others=others)
        for argument in given:
            if argument in own or argument == "task_id":
                raise UnknownArgumentError(
                    f"{self.source(argument, name)}: found {argument!r}; the execution itself sets this argument of"
                    f" {operator.__name__}."
                )
        arguments = {**(defaults or {}), **given, **own}
        if self.ignore and "job" in own and "ignore" in arguments_of(operator):
            arguments["ignore"] = (*self.ignore, *arguments.get("ignore", ()))
        return operator(task_id=name, **arguments)

    def ignored(self, *others: str) -> list[str]:
        """Return the fields that the checks of the whole job pass over.

        :param others: fields that the execution ignores
        """
        of_tasks = [f"DAG.Tasks.{task}.{name}" for task, given in self.task_args.items() for name in _ignore_in(given)]
        return [*self.ignore, *others, *_ignore_in(self.operator_args), *of_tasks]

    def of(
        self, operator: type[BaseOperator], name: str, *, others: Collection[type[BaseOperator]] = ()
    ) -> dict[str, Any]:
        """Return the arguments that the author gives to the operator of one task.

        An argument in ``operator_args`` goes to the operators that have it; those of ``task_args`` are for this one.

        :param operator: class of the operator
        :param name: name of the task
        :param others: classes of the execution's other operators
        :raises UnknownArgumentError: when an argument is given that no operator has
        """
        # Not given is not the same as the default: default_args may hold another connection.
        named = {argument: value for argument in _NAMED if (value := getattr(self, argument)) is not None}
        own = self.task_args.get(name, {})
        for argument in named:
            _check(argument, argument, operator, others)
        for argument in self.operator_args:
            _check("operator_args", argument, operator, others)
        for argument in own:
            _check(f"task_args[{name!r}]", argument, operator, others, of_one_task=True)
        has = arguments_of(operator)
        shared = {**named, **self.operator_args}
        return {argument: value for argument, value in shared.items() if argument in has} | dict(own)

    def check_names(self, job: str, names: Collection[str]) -> None:
        """Check that ``task_args`` names operators that were made.

        :raises UnknownArgumentError: when it names another task
        """
        for name in self.task_args:
            if name not in names:
                near = did_you_mean(name, names)
                raise UnknownArgumentError(f"task_args: found {name!r}, which is no task of job {job}{near}")

    def source(self, argument: str, name: str) -> str:
        """Return the name of the parameter in which the author gives an argument to a task."""
        return f"task_args[{name!r}]" if argument in self.task_args.get(name, {}) else "operator_args"


def _ignore_in(arguments: Mapping[str, Any]) -> Collection[str]:
    # An operator of an author's own execution may have another argument of this name.
    names = arguments.get("ignore")
    return names if isinstance(names, (list, tuple, set, frozenset)) else ()


@cache
def arguments_of(operator: type[BaseOperator]) -> frozenset[str]:
    """Return the names of the arguments that an operator takes, with those that it passes on to its bases."""
    from airflow.providers.common.compat.sdk import BaseOperator

    names: set[str] = set()
    for base in operator.__mro__:
        parameters = signature(vars(base)["__init__"]).parameters.values() if "__init__" in vars(base) else ()
        names |= {each.name for each in parameters if each.kind in _BY_NAME}
        if base is BaseOperator or (any(parameters) and all(each.kind is not each.VAR_KEYWORD for each in parameters)):
            break
    return frozenset(names - {"self"})


def _check(
    source: str,
    argument: str,
    operator: type[BaseOperator],
    others: Collection[type[BaseOperator]],
    *,
    of_one_task: bool = False,
) -> None:
    """Check that an argument has an operator.

    :param of_one_task: whether it is for ``operator`` alone
    """
    if argument in arguments_of(operator):
        return
    elsewhere = [other for other in others if argument in arguments_of(other)]
    if elsewhere and not of_one_task:
        return
    classes = [operator] if of_one_task else [operator, *others]
    whose = " or ".join(each.__name__ for each in dict.fromkeys(classes))
    if elsewhere:
        way_out = f"; {elsewhere[0].__name__} has it: expected in operator_args, for the whole graph."
    else:
        way_out = did_you_mean(argument, frozenset().union(*map(arguments_of, classes)))
    raise UnknownArgumentError(f"{source}: found {argument!r}; {whose} has no such argument{way_out}")
