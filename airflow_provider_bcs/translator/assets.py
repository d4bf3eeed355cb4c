"""Airflow assets of the outputs of a job's tasks."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.description.values import is_template
from airflow_provider_bcs.description.violation import JobWarning

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Asset


def output_assets(job: Mapping[str, Any]) -> list[Asset]:
    """Return one asset for each OSS object or folder in an OutputMapping of a valid job.

    An output with a template is known only when the task runs: a :class:`JobWarning` names it instead.
    """
    from airflow_provider_bcs.operators.outputs import outputs_of, to_asset

    targets: dict[str, None] = {}
    for path, target in outputs_of(job["DAG"]["Tasks"]):
        if is_template(target):
            warnings.warn(
                f"{path}: found the template {str(target)!r}; expected a path, as assets have to be known when the DAG"
                " file is parsed. It becomes no asset.",
                JobWarning,
                stacklevel=2,
            )
        elif target and isinstance(target, str):
            targets[target] = None
    return [to_asset(target) for target in targets]
