"""Page in Markdown that says what a PAI-DLC job does, for Airflow's UI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from airflow_provider_bcs.description.markdown import Line, code, page, pairs, plain, variables

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
    return page(
        [
            ("Job", job.get("DisplayName"), code),
            ("Description", job.get("Description"), plain),
            ("Command", job.get("UserCommand"), code),
            ("Variables", job.get("Envs"), variables),
            *_roles(job.get("JobSpecs")),
            ("Time-out", job.get("JobMaxRunningTimeMinutes"), _minutes),
            ("Data", job.get("DataSources"), _mounts),
        ]
    )


def _minutes(value: Any) -> str:
    return f"{value} min" if type(value) is int else code(value)


def _roles(roles: Any) -> Iterator[Line]:
    if not isinstance(roles, list):
        yield "Roles", roles, code
        return
    for role in islice(roles, _MOST):
        if isinstance(role, Mapping):
            yield plain(role.get("Type")) or "Role", role, _role
        else:
            yield "Role", role, code


def _role(role: Mapping[str, Any]) -> str:
    count = role.get("PodCount")
    pods = ("1 pod" if count == 1 else f"{count} pods") if type(count) is int else code(count)
    resources = role.get("EcsSpec") or role.get("ResourceConfig")
    shown = pairs(resources, joint=" = ") if isinstance(resources, Mapping) else code(resources)
    return " ".join(filter(None, (pods, code(role.get("Image")), shown)))


def _mounts(sources: Any) -> str:
    if not isinstance(sources, list):
        return code(sources)
    return ", ".join(map(_mount, islice(sources, _MOST)))


def _mount(source: Any) -> str:
    if not isinstance(source, Mapping):
        return code(source)
    uri = source.get("Uri") or source.get("DataSourceId")
    return " at ".join(filter(None, (code(uri), code(source.get("MountPath")))))
