"""Page in Markdown that says what a PAI-DLC job does, for Airflow's UI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from airflow_provider_bcs.description.markdown import bullets, code, field, pairs, plain
from airflow_provider_bcs.description.secrets import without_secrets

__all__ = ["job_page"]

#: Roles, and mounts, that are shown.
_MOST = 6


def job_page(job: Mapping[str, Any]) -> str:
    """Return a page about a job: command, variables, roles, time limit and mounts. Values may hold templates.

    >>> worker = {"Type": "Worker", "PodCount": 2, "Image": "python:3.12", "EcsSpec": "ecs.c6.large"}
    >>> print(job_page({"DisplayName": "train", "JobSpecs": [worker], "UserCommand": "python train.py"}))
    - **Job** `train`
    - **Command** `python train.py`
    - **Worker** 2 pods `python:3.12` `ecs.c6.large`
    """
    minutes = job.get("JobMaxRunningTimeMinutes")
    return bullets(
        (
            field("Job", code(job.get("DisplayName"))),
            field("Description", plain(job.get("Description"))),
            field("Command", code(job.get("UserCommand"))),
            field("Variables", pairs(without_secrets(job.get("Envs")), joint=" = ")),
            *_roles(job.get("JobSpecs")),
            field("Time-out", f"{minutes} min" if type(minutes) is int else code(minutes)),
            field("Data", ", ".join(_mounts(job.get("DataSources")))),
        )
    )


def _roles(roles: Any) -> Iterator[str]:
    if not isinstance(roles, list):
        yield field("Roles", code(roles))
        return
    for role in islice(roles, _MOST):
        if isinstance(role, Mapping):
            count = role.get("PodCount")
            pods = ("1 pod" if count == 1 else f"{count} pods") if type(count) is int else code(count)
            resources = role.get("EcsSpec") or role.get("ResourceConfig")
            shown = pairs(resources, joint=" = ") if isinstance(resources, Mapping) else code(resources)
            yield field(
                plain(role.get("Type")) or "Role", " ".join(filter(None, (pods, code(role.get("Image")), shown)))
            )
        else:
            yield field("Role", code(role))


def _mounts(sources: Any) -> Iterator[str]:
    if not isinstance(sources, list):
        yield code(sources)
        return
    for source in islice(sources, _MOST):
        if isinstance(source, Mapping):
            uri = source.get("Uri") or source.get("DataSourceId")
            yield " at ".join(filter(None, (code(uri), code(source.get("MountPath")))))
        else:
            yield code(source)
