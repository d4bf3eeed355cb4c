"""Airflow assets of the outputs of a job's tasks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_provider_bcs.description.values import is_absent, is_template
from airflow_provider_bcs.description.violation import JobWarning

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Asset


def output_assets(job: Mapping[str, Any]) -> list[Asset]:
    """Return one asset for each OSS object or folder in an OutputMapping of a valid job.

    An output with a template is known only when the task runs: a :class:`JobWarning` names it instead.
    """
    from airflow.providers.common.compat.sdk import Asset

    uris: dict[str, None] = {}
    for path, target in _outputs(job):
        if is_template(target):
            warnings.warn(
                f"{path}: found the template {str(target)!r}; expected a path, as assets have to be known when the DAG"
                " file is parsed. It becomes no asset.",
                JobWarning,
                stacklevel=2,
            )
        elif not is_absent(target):
            # A URI loses what follows a # or a ?, and Airflow 2 takes ASCII only.
            uris[quote(target, safe="/:!$&'()*+,;=@")] = None
    return [Asset(uri) for uri in uris]


def _outputs(job: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the field of each output, and its OSS path; a template may stand for all outputs, or for a task."""
    for name, task in job["DAG"]["Tasks"].items():
        mapping = task.get("OutputMapping") if isinstance(task, Mapping) else task
        path = f"DAG.Tasks.{name}.OutputMapping"
        if isinstance(mapping, Mapping):
            yield from ((f"{path}.{local}", target) for local, target in mapping.items())
        else:
            yield path, mapping
