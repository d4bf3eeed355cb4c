"""Plan between a job description and an Airflow graph: nodes, each a job of one task, and edges."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_bcs.batchcompute.rules import check_job, check_size
from airflow_provider_bcs.description.ignore import not_ignored
from airflow_provider_bcs.description.source import CheckedJob, JobSource
from airflow_provider_bcs.description.values import first_template, is_template
from airflow_provider_bcs.description.violation import JobWarning
from airflow_provider_bcs.exceptions import InvalidJobError

#: Fields that each node's job takes over from the whole job.
CARRIED_OVER = ("Description", "Type", "Priority", "JobFailOnInstanceFail", "AutoRelease", "Notification")
_MAX_NAME = 64


@dataclass(frozen=True)
class Plan:
    """A job split into one job for each of its tasks.

    :ivar name: the whole job's name
    :ivar description: the whole job's description, or ""
    :ivar nodes: task name -> the job that runs this task alone
    :ivar edges: task name -> the tasks that wait for it, each once
    :ivar job: the whole job
    :ivar source: name of the file that the job was read from, or ""
    :ivar file: the same as readers of the DAG know it, or ""
    """

    name: str
    description: str
    nodes: dict[str, CheckedJob]
    edges: dict[str, list[str]]
    job: dict[str, Any]
    source: str = ""
    file: str = ""

    @property
    def first(self) -> list[str]:
        """The tasks that wait for no other one."""
        waiting = {name for successors in self.edges.values() for name in successors}
        return [name for name in self.nodes if name not in waiting]

    @property
    def last(self) -> list[str]:
        """The tasks that no other one waits for."""
        return [name for name in self.nodes if not self.edges.get(name)]

    @property
    def dag_id(self) -> str:
        """The id of a DAG that runs the job: its name, without the characters that an id may not have."""
        return re.sub(r"[^\w.-]+", "_", self.name).strip("_") or "batchcompute"


def free_task_id(name: str, taken: Collection[str]) -> str:
    """Return ``name``, made longer until it is not taken."""
    while name in taken:
        name += "_job"
    return name


def plan_job(job: JobSource, source: str = "", ignore: Collection[str] = (), *, file: str = "") -> Plan:
    """Validate a job description and split it.

    :param source: name of the description in an error, such as a file name
    :param ignore: fields that the checks pass over
    :param file: name of its file for readers of the DAG
    :raises InvalidJobError: when it breaks a rule; more than 16 tasks break none here
    :raises JobSourceError: when it cannot be read
    """
    checked = check_job(job, max_tasks=False, source=source, ignore=ignore)
    for text in checked.warnings:
        warnings.warn(text, JobWarning, stacklevel=2)
    content = checked.content
    if content["Type"] != "DAG":
        raise ValueError(
            f"Type of {source or 'the job'}: found {content['Type']!r}; expected 'DAG', as no other job has a graph;"
            " BatchComputeSubmitJobOperator runs this job."
        )
    dag = content["DAG"]
    tasks, dependencies = ({}, {}) if is_template(dag) else (dag["Tasks"], dag.get("Dependencies") or {})
    names = {
        "DAG": [dag],
        "DAG.Tasks": [tasks, *(tasks if isinstance(tasks, Mapping) else ())],
        "DAG.Dependencies": [dependencies],
    }
    if isinstance(dependencies, Mapping):
        for name, targets in dependencies.items():
            names["DAG.Dependencies"] += [name, *(targets if isinstance(targets, list) else [targets])]
    for path, values in names.items():
        if (found := first_template(values)) is not None:
            raise ValueError(
                f"{path}: found the template {found!r}; expected names, as task names and dependencies make the graph,"
                " which has to be known when the DAG file is parsed."
            )
    carried = {name: content[name] for name in CARRIED_OVER if name in content}
    job_name, cut = content["Name"], not is_template(content["Name"])
    nodes: dict[str, CheckedJob] = {}
    for name, task in tasks.items():
        # The service limits the length of a name. The output of another task stays the object that it is.
        room = _MAX_NAME - len(name) - 1 if cut else None
        stem = job_name[:room] if isinstance(job_name, str) and (room is None or room > 0) else ""
        node_name = job_name if not isinstance(job_name, str) else f"{stem}-{name}" if stem else name
        nodes[name] = CheckedJob({"Name": node_name, **carried, "DAG": {"Tasks": {name: task}, "Dependencies": {}}})
    for node in nodes.values():
        if violations := not_ignored(check_size(node.content), ignore):
            raise InvalidJobError(violations, source)
    return Plan(
        name=content["Name"],
        description=content.get("Description") or "",
        nodes=nodes,
        edges={name: list(dict.fromkeys(successors)) for name, successors in dependencies.items()},
        job=content,
        source=source,
        file=file,
    )
