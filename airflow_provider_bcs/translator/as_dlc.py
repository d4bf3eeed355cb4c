"""Each task of a plan as a PAI-DLC job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.dlc.conversion import Options, convert
from airflow_provider_bcs.exceptions import InvalidJobError
from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

    from airflow_provider_bcs.translator.arguments import Arguments
    from airflow_provider_bcs.translator.plan import Plan

_OPTIONS = tuple(Options.__dataclass_fields__)


def dlc_operators(plan: Plan, arguments: Arguments) -> dict[str, BaseOperator]:
    """Make the operators of a plan.

    :raises InvalidJobError: with everything in the whole job that cannot be carried over
    """
    given = {name: _given(arguments, name) for name in plan.nodes}
    violations = {
        violation: None
        for name, job in plan.nodes.items()
        for violation in convert(job, _options(given[name]), templates=True).violations
    }
    if violations:
        raise InvalidJobError(violations, f"To run as PAI-DLC jobs, {plan.name}")
    return {
        name: BatchComputeTaskOnDlcOperator(task_id=name, job=job, **given[name]) for name, job in plan.nodes.items()
    }


def _given(arguments: Arguments, name: str) -> dict[str, Any]:
    tables = {"images": arguments.images, "instance_types": arguments.instance_types, "ignore": arguments.ignore}
    return {**tables, **arguments.of(name)}


def _options(given: dict[str, Any]) -> Options:
    return Options(**{name: given[name] for name in _OPTIONS if given.get(name) is not None})
